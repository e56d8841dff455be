"""Who may see and do what: always Airflow's own answer about a DAG."""

from typing import Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.models.dag import DagModel

CONTROL_DAG = "run_control"
ROLLBACK_DAG = "rollback"


def readable_dags(user: Any) -> list[str]:
    """The DAGs that the user may read; runs of others do not exist for him."""
    return sorted(get_auth_manager().get_authorized_dag_ids(user=user, method="GET"))


def may_read(user: Any, dag_id: str) -> bool:
    """Whether the user may see the runs of a DAG."""
    return get_auth_manager().is_authorized_dag(
        method="GET", access_entity=DagAccessEntity.RUN, details=_details(dag_id), user=user
    )


def may_trigger(user: Any, dag_id: str) -> bool:
    """Whether the user may trigger a DAG: what Airflow will ask when he does."""
    return get_auth_manager().is_authorized_dag(
        method="POST", access_entity=DagAccessEntity.RUN, details=_details(dag_id), user=user
    )


def permissions(user: Any, dag_id: str) -> dict[str, bool]:
    """What the page offers for a run of a DAG. Airflow decides again when it is done.

    rows: quarantined rows as they stood in the source, and the reports that quote them. They are
    for those who could have loaded the source themselves; others see reasons and counts.
    """
    works_on_it = may_trigger(user, dag_id)
    return {
        "rows": works_on_it,
        "control": works_on_it and may_trigger(user, CONTROL_DAG),
        "roll_back": works_on_it and may_trigger(user, ROLLBACK_DAG),
    }


def _details(dag_id: str) -> DagDetails:
    return DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id))
