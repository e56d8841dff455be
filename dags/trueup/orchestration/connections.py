"""From Airflow's connections to the engine's: one conninfo a system, and the reports' folder."""

import os
from pathlib import Path

from airflow.configuration import AIRFLOW_HOME
from airflow.providers.postgres.hooks.postgres import PostgresHook
from psycopg import pq
from psycopg.conninfo import make_conninfo

from trueup.systems import System

_LIBPQ_KEYWORDS = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}


def conninfo(system: System) -> str:
    """The libpq connection string of a system's Airflow connection.

    Extras that libpq knows (sslmode, sslrootcert, …) go along; others are Airflow's own.
    """
    connection = PostgresHook(postgres_conn_id=system.connection_id).connection
    extras = {
        name: value for name, value in connection.extra_dejson.items() if name in _LIBPQ_KEYWORDS
    }
    return make_conninfo(
        host=connection.host,
        port=connection.port,
        user=connection.login,
        password=connection.password,
        dbname=connection.schema,
        **extras,
    )


def reports_folder() -> Path:
    """Where reports and Data Docs are written: TRUEUP_REPORTS, else a folder in AIRFLOW_HOME."""
    return Path(os.environ.get("TRUEUP_REPORTS") or f"{AIRFLOW_HOME}/trueup_reports")
