"""Where data comes from and where it goes: an asset for each system, datasets for OpenLineage."""

import logging
import re
from typing import Any
from urllib.parse import quote

from airflow.sdk import Asset
from airflow.sdk.lineage import NoOpCollector, get_hook_lineage_collector
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict

from trueup.journal import Run
from trueup.orchestration.connections import endpoint
from trueup.sources import files

log = logging.getLogger(__name__)

# A table, with its schema or without; a query is no dataset.
_TABLE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)?")


def books_of(system: str) -> Asset:
    """The asset that a completed run of a system updates; DAGs of others can be scheduled on it."""
    return Asset(name=f"trueup.{system}", uri=f"trueup://{system}")


def totals(run: Run, counts: dict[str, Any]) -> dict[str, str]:
    """What an event of the asset says of the run that completed; every number as a text."""
    said = {
        "run_id": run.run_id,
        "dag_id": run.row.dag_id,
        "source_id": run.row.source_id,
        "digest": run.row.digest or "",
    }
    return said | {name: str(value) for name, value in counts.items()}


def collect(connection: Connection, run: Run) -> None:
    """Name source and books to Airflow's collector of lineage, which keeps them for OpenLineage.

    Where its provider is not installed, nobody collects and nothing happens. What cannot be named,
    such as a file that is gone by now, harms no run.
    """
    collector = get_hook_lineage_collector()
    if isinstance(collector, NoOpCollector):
        return
    for table in run.system.written:
        collector.add_output_asset(run, uri=_table(_server(connection), table))
    try:
        source = _source(connection, run)
    except Exception as unknown:
        log.warning("The source has no name for lineage: %s", unknown)
        return
    if source:
        collector.add_input_asset(run, uri=source)


def _source(connection: Connection, run: Run) -> str | None:
    """Where the rows came from: a file, or a table here or elsewhere. None: it has no name."""
    plan = run.plan
    if plan.derived_from:
        # Quarantine and corrections are found, and lie in no table of their own.
        named = plan.source if run.system.derived[plan.derived_from] else ""
        return _table(_server(connection), named) if _TABLE.fullmatch(named) else None
    if not plan.is_extracted:
        located = files.locate(plan, endpoint).source
        return located.as_uri() if located else None
    if plan.source_type != "DATABASE" or not _TABLE.fullmatch(plan.source):
        return None
    theirs = conninfo_to_dict(endpoint(plan.source_connection or "").conninfo)
    where = f"{theirs.get('host', 'localhost')}:{theirs.get('port', 5432)}"
    return _table(f"{where}/{quote(str(theirs.get('dbname', '')))}", plan.source)


def _server(connection: Connection) -> str:
    """Host, port and database of a session; a socket's folder is the machine itself."""
    info = connection.info
    host = "localhost" if not info.host or info.host.startswith("/") else info.host
    return f"{host}:{info.port}/{quote(info.dbname)}"


def _table(server: str, name: str) -> str:
    schema, _, table = name.rpartition(".")
    return f"postgres://{server}/{schema or 'public'}/{table}"
