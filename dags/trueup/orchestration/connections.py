"""From Airflow's connections to the engine's: one conninfo a system, and the reports' folder."""

import os
from pathlib import Path

from airflow.configuration import AIRFLOW_HOME
from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowSkipException

from trueup.errors import Refused
from trueup.sources.endpoints import Endpoint
from trueup.systems import System


def conninfo(system: System) -> str:
    """The libpq connection string of a system's Airflow connection."""
    return endpoint(system.connection_id).conninfo


def endpoint(connection_id: str) -> Endpoint:
    """What an Airflow connection says. Raises Refused when there is none of that id."""
    try:
        found = BaseHook.get_connection(connection_id)
    except AirflowNotFoundException as error:
        raise Refused(
            f"There is no Airflow connection {connection_id!r}. Create it under Admin, "
            f"Connections, or set AIRFLOW_CONN_{connection_id.upper()}."
        ) from error
    return Endpoint(
        found.conn_id, found.conn_type, found.host, found.port, found.login, found.password,
        found.schema, found.extra_dejson,
    )  # fmt: skip


def is_connected(system: System) -> bool:
    """Whether this deployment has a connection to a system's database."""
    try:
        BaseHook.get_connection(system.connection_id)
    except AirflowNotFoundException:
        return False
    return True


def skip_unless_connected(system: System) -> None:
    """Skip the task in a deployment that has no connection to a system's database.

    It does not have the system, and a schedule must not be red for it. Raises AirflowSkipException.
    """
    if not is_connected(system):
        raise AirflowSkipException(
            f"There is no Airflow connection {system.connection_id}: {system.name} is not looked "
            "at."
        )


def reports_folder() -> Path:
    """Where reports and Data Docs are written: TRUEUP_REPORTS, else a folder in AIRFLOW_HOME."""
    return Path(os.environ.get("TRUEUP_REPORTS") or f"{AIRFLOW_HOME}/trueup_reports")


def backups_folder() -> Path:
    """Where backups are written: TRUEUP_BACKUPS, else a folder in AIRFLOW_HOME."""
    return Path(os.environ.get("TRUEUP_BACKUPS") or f"{AIRFLOW_HOME}/trueup_backups")
