"""The watch over runs, as an Airflow task: who stalls is told once, and figures go to metrics."""

import logging
import os
from datetime import timedelta
from typing import NoReturn

import psycopg
from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowFailException
from psycopg import Connection

from trueup import journal, statements, systems
from trueup.errors import Refused, TrueupError
from trueup.orchestration import metrics, work
from trueup.orchestration.connections import is_connected
from trueup.orchestration.notifying import check_failed, night_missed, run_stalled
from trueup.systems import System

log = logging.getLogger(__name__)

# Minutes without a sign of life after which a run stalls though a worker is connected.
STALLED_AFTER_VARIABLE = "TRUEUP_STALLED_AFTER"
_STALLED_AFTER = "30"
# The XCom of what a watch was blind to, and has told somebody.
_TOLD = "blind_and_told"


@task
def watch() -> list[str]:
    """Look at the runs of every system: tell of each that stalls, once, and give their ids.

    Whatever is wrong with one system keeps none of the others from being looked at.
    """
    minutes = os.environ.get(STALLED_AFTER_VARIABLE) or _STALLED_AFTER
    if not minutes.isdecimal():
        _give_up(
            [STALLED_AFTER_VARIABLE],
            f"{STALLED_AFTER_VARIABLE} must be a whole number of minutes, not {minutes!r}.",
        )
    after = timedelta(minutes=int(minutes))
    told: list[str] = []
    unseen: list[System] = []
    for system in systems.every():
        try:
            if not is_connected(system):
                continue
            with work.session(system, "watch") as connection:
                told += _look(connection, system, after)
        except (psycopg.Error, TrueupError) as error:
            log.error("The runs of %s cannot be looked at: %s", system.name, error)
            unseen.append(system)
        except Exception:
            # A fault of ours, such as a plan of an older version: the log keeps the whole trace.
            log.exception("The runs of %s cannot be looked at", system.name)
            unseen.append(system)
        metrics.of_watch(system, system not in unseen)
    if unseen:
        names = [each.name for each in unseen]
        _give_up(
            names,
            f"Nobody could look at the runs of {' and '.join(names)}; the log of the watch says "
            "why.",
        )
    return told


def _give_up(blind: list[str], sentence: str) -> NoReturn:
    """Fail, and tell of what the last watch has not told: every five minutes is a storm."""
    context = get_current_context()
    told = _told_last(context)
    if not told.issuperset(blind) and check_failed(
        "The watch over runs is blind", sentence, work.attempt(context)[:2]
    ):
        told.update(blind)
    context["ti"].xcom_push(key=_TOLD, value=sorted(told.intersection(blind)))
    raise AirflowFailException(sentence)


def _told_last(context: work.Context) -> set[str]:
    """What the watch before this one was blind to, and has told somebody."""
    ti = context["ti"]
    try:
        before = ti.get_previous_dagrun()
        known = before and ti.xcom_pull(task_ids=ti.task_id, key=_TOLD, run_id=before.run_id)
    except Exception:  # of a run without a predecessor, Airflow raises what it likes
        known = None
    return set(known or ())


def _look(connection: Connection, system: System, after: timedelta) -> list[str]:
    if not statements.fetch_one(connection, "trueup/migrations/find_journal").found:
        log.info("%s has no journal yet", system.name)
        return []
    try:
        statements.execute(connection, "trueup/watch/save_stalled_after", after=after)
    except psycopg.errors.UndefinedTable as error:
        raise Refused(
            "The journal is of an earlier version. The next run or night brings it up to date; "
            f"`python -m trueup.migrations {system.name}` does so at once."
        ) from error
    metrics.of_runs(connection, system)
    missed = statements.fetch_one(connection, "trueup/watch/find_missed_night", system=system.name)
    if missed and night_missed([system.name]):
        statements.execute(connection, "trueup/watch/note_missed_night", system=system.name)
    found = statements.fetch_all(
        connection, "trueup/watch/list_unmoved", system=system.name, after=after
    )
    metrics.of_stalled(system, sum(each.stalled for each in found))
    untold = [each for each in found if not each.told]
    for each in untold:
        run = journal.read_run(connection, each.run_id)
        minutes = each.seconds // 60
        # What nobody took is told again at the next look.
        if run_stalled(connection, run, minutes, each.worked_on):
            said = f"Told that it has not moved for {minutes} minutes."
            journal.log(connection, run, said, told="stalled")
    return [each.run_id for each in untold]
