"""Who may see and do what: always Airflow's own answer about a DAG."""

import json
from typing import Any, Literal

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.models import Log
from airflow.models.dag import DagModel
from airflow.utils.session import create_session

from trueup_web.systems import DAGS

CONTROL_DAG = "run_control"
ROLLBACK_DAG = "rollback"


def readable_dags(user: Any) -> list[str]:
    """The DAGs whose runs the user may read; runs of others do not exist for him."""
    known = get_auth_manager().get_authorized_dag_ids(user=user, method="GET")
    return sorted(dag_id for dag_id in known & DAGS if _may(user, "GET", dag_id))


def may_read(user: Any, dag_id: str) -> bool:
    """Whether the user may see the runs of a DAG. Nobody may of one that Airflow does not know."""
    return DagModel.get_dagmodel(dag_id) is not None and _may(user, "GET", dag_id)


def may_trigger(user: Any, dag_id: str) -> bool:
    """Whether the user may trigger a DAG: what Airflow will ask when he does."""
    return _may(user, "POST", dag_id)


def permissions(user: Any, dag_id: str) -> dict[str, bool]:
    """What the page offers for a run of a DAG. Airflow decides again when it is done.

    For an action Airflow asks about `run_control` or `rollback` alone, whichever run it is for.
    That the user must be allowed to trigger the run's own DAG, too, holds on the page alone.

    rows: quarantined rows as they stood in the source, and the reports that quote them. They are
    for those who could have loaded the source themselves; others see reasons and counts.
    """
    works_on_it = may_trigger(user, dag_id)
    return {
        "rows": works_on_it,
        "control": works_on_it and may_trigger(user, CONTROL_DAG),
        "roll_back": works_on_it and may_trigger(user, ROLLBACK_DAG),
    }


def log_download(user: Any, dag_id: str, system: str, run_id: str) -> None:
    """Write into Airflow's audit log who takes the rows of a run's quarantine away."""
    with create_session() as session:
        session.add(
            Log(
                event="trueup_download_quarantine",
                owner=user.get_name(),
                owner_display_name=user.get_name(),
                dag_id=dag_id,
                run_id=run_id,
                extra=json.dumps({"system": system}),
            )
        )


def _may(user: Any, method: Literal["GET", "POST"], dag_id: str) -> bool:
    """What Airflow says about the runs of a DAG; a right to the DAG itself is not enough."""
    details = DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id))
    return get_auth_manager().is_authorized_dag(
        method=method, access_entity=DagAccessEntity.RUN, details=details, user=user
    )
