"""The watch over runs, as an Airflow task: who stalls is told once, and figures go to metrics."""

import logging
import os
from datetime import timedelta

import psycopg
from airflow.sdk import task
from airflow.sdk.exceptions import AirflowFailException
from psycopg import Connection

from trueup import journal, statements, systems
from trueup.errors import TrueupError
from trueup.orchestration import metrics, work
from trueup.orchestration.connections import is_connected
from trueup.orchestration.notifying import run_stalled
from trueup.systems import System

log = logging.getLogger(__name__)

# Minutes without a batch or a step after which a run stalls.
STALLED_AFTER_VARIABLE = "TRUEUP_STALLED_AFTER"
_STALLED_AFTER = "30"


@task
def watch() -> list[str]:
    """Look at the runs of every system: tell of each that stalls, once, and give their ids.

    A database that cannot be reached keeps none of the others from being looked at.
    """
    minutes = os.environ.get(STALLED_AFTER_VARIABLE) or _STALLED_AFTER
    if not minutes.isdecimal():
        raise AirflowFailException(
            f"{STALLED_AFTER_VARIABLE} must be a whole number of minutes, not {minutes!r}."
        )
    after = timedelta(minutes=int(minutes))
    told: list[str] = []
    unseen: list[str] = []
    for system in filter(is_connected, systems.every()):
        try:
            with work.session(system, "watch") as connection:
                told += _look(connection, system, after)
        except (psycopg.Error, TrueupError) as error:
            log.error("%s", error)
            unseen.append(system.name)
    if unseen:
        raise AirflowFailException(
            f"Nobody could look at the runs of {' and '.join(unseen)}; the log above says why."
        )
    return told


def _look(connection: Connection, system: System, after: timedelta) -> list[str]:
    if not statements.fetch_one(connection, "trueup/migrations/find_journal").found:
        log.info("%s has no journal yet", system.name)
        return []
    metrics.of_runs(connection, system)
    found = statements.fetch_all(
        connection, "trueup/watch/list_stalled", system=system.name, after=after
    )
    metrics.of_stalled(system, len(found))
    untold = [each for each in found if not each.told]
    for each in untold:
        run = journal.read_run(connection, each.run_id)
        with connection.transaction():
            worked_on = statements.fetch_one(
                connection, "trueup/journal/is_worked_on", run_id=run.run_id
            ).worked_on
        minutes = each.seconds // 60
        if run_stalled(connection, run, minutes, worked_on):
            journal.log(
                connection,
                run,
                f"Told that it has not moved for {minutes} minutes.",
                told="stalled",
            )
    return [each.run_id for each in untold]
