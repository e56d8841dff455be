"""Switches those who use the books over to the new schema, in one short transaction."""

import logging
import time
from typing import Any

import psycopg
from psycopg import Connection

from trueup import journal, statements
from trueup.errors import DataFailure
from trueup.journal import Run

log = logging.getLogger(__name__)


def cut_over(connection: Connection, run: Run) -> dict[str, Any]:
    """Bring the keys that the old tables have to the new ones, then switch. Safe to repeat.

    The figure `cutover_seconds` is how long the switch took, its waiting for locks and its commit
    included; who writes waits no longer. Raises DataFailure when a row breaks a key, or when the
    app has changed its tables since.
    """
    journal.check_all_posted(connection, run)
    try:
        _step(connection, run, "carry_keys")
        _step(connection, run, "validate_keys")
        started = time.perf_counter()
        done = _step(connection, run, "cut_over", run_id=run.run_id).done
    except psycopg.IntegrityError as error:
        raise DataFailure(f"Not cut over: {str(error).splitlines()[0]}.") from error
    seconds = f"{time.perf_counter() - started:.3f}"
    if done:
        journal.add_figures(connection, run, cutover_seconds=seconds)
        journal.log(connection, run, f"Cut over to the new schema in {seconds} s.")
    else:
        log.info("It is cut over already.")
    return {"cutover_seconds": seconds if done else None}


def _step(connection: Connection, run: Run, name: str, **values: Any) -> Any:
    with connection.transaction():
        journal.fence(connection, run, run.status)
        return statements.fetch_one(connection, f"{run.system.name}/cut_over/{name}", **values)
