"""Alerts: what happened, the numbers, a link and what to do, for whoever is on call."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, NoReturn
from urllib.parse import quote

from airflow.sdk import BaseHook
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowNotFoundException,
)
from airflow.sdk.log import mask_secret
from airflow.sdk.module_loading import import_string
from psycopg import Connection

from trueup import statements, systems
from trueup.journal import Run
from trueup.orchestration.connections import conninfo, is_connected
from trueup.report.amounts import counted
from trueup.run_state import GREEN, Status
from trueup.systems import System

log = logging.getLogger(__name__)

# The Airflow connection whose password has the targets, as apprise writes them, one after another:
# slack://…, mailto://…, json://…. An address is a secret, and a password is kept as one.
TARGETS_CONNECTION = "trueup_alerts"
# Comma-separated paths of functions that take a subject and a text, such as `alerts.to_slack`.
NOTIFIERS_VARIABLE = "TRUEUP_NOTIFIERS"
# How long after it was queued a nightly reconciliation is late.
NIGHT_TAKES = timedelta(hours=2)

RUNBOOK = "docs/runbook.md"
# The runbook's section for a run in a state; for one that is at work: is it alive?
_SECTIONS = {
    Status.REFUSED: "refused",
    Status.INTERRUPTED: "interrupted",
    Status.PAUSED: "pausing",
    Status.AWAITING_APPROVAL: "awaiting-approval",
    Status.ROLLED_BACK: "rolled-back",
    Status.ROLLBACK_FAILED: "rollback_failed",
    # Of a completed run is told when its rollback was refused.
    Status.COMPLETED: "rollback_failed",
}


def notify(subject: str, text: str) -> bool:
    """Tell every target and every notifier; one that fails keeps nobody else from hearing it.

    Gives whether anybody took it; also true when there is nobody to tell.
    """
    log.error("%s: %s", subject, text)
    took: list[bool] = []
    try:
        targets = _targets()
    except Exception:
        # Whatever keeps Airflow from saying it: somebody there may be, and has not heard it.
        log.exception("The connection %s cannot be read", TARGETS_CONNECTION)
        targets, took = [], [False]
    names = list(filter(None, map(str.strip, os.environ.get(NOTIFIERS_VARIABLE, "").split(","))))
    took += [
        _send(f"{number} of {len(targets)}", target, subject, text)
        for number, target in enumerate(targets, start=1)
    ]
    took += [_call(name, subject, text) for name in names]
    return any(took) or not took


def run_failed(
    connection: Connection, run: Run, airflow_run: tuple[str, str], *, dry_run: bool
) -> bool:
    """Tell how a run ended that did not end well; the Airflow run is (DAG, id). True if heard."""
    status = run.status.replace("_", " ")
    happened = run.row.message or f"The run is {status}."
    subject = f"Run {run.run_id} is {status}"
    if run.status in GREEN:
        # A rollback that was refused leaves a completed run as it is.
        subject = f"Run {run.run_id} was not taken back: it is {status}"
        events = statements.fetch_all(connection, "trueup/journal/list_events", run_id=run.run_id)
        happened = events[-1].event
    elif dry_run:
        subject = f"Dry run {run.run_id} is {status}"
    return notify(
        subject,
        "\n".join(
            (
                happened,
                _numbers(connection, run),
                *_where(run.status, airflow_run),
            )
        ),
    )


def run_stalled(connection: Connection, run: Run, minutes: int, worked_on: bool) -> bool:
    """Tell of a run that holds the books and has not moved for so many minutes; True if heard."""
    attempts = statements.fetch_all(connection, "trueup/journal/list_attempts", run_id=run.run_id)
    dag_id, airflow_run_id = attempts[-1].dag_id, attempts[-1].airflow_run_id
    if run.status is Status.AWAITING_APPROVAL:
        subject = f"Run {run.run_id} waits for approval"
        happened = f"It has waited {minutes} minutes for a person's answer."
    else:
        subject = f"Run {run.run_id} stalls"
        alive = "A worker is still connected" if worked_on else "No worker is connected"
        status = run.status.replace("_", " ")
        happened = f"It is {status} and has not moved for {minutes} minutes. {alive}."
    books = f"It holds the books of {run.system.name}: no other run but a dry one may begin."
    return notify(
        subject,
        "\n".join(
            (
                f"{happened} {books}",
                _numbers(connection, run),
                *_where(run.status, (dag_id, airflow_run_id)),
            )
        ),
    )


def run_unknown(sentence: str, airflow_run: tuple[str, str]) -> bool:
    """Tell that an Airflow run ended and nobody can say how its run stands; True if heard."""
    return notify(
        f"{airflow_run[0]} failed",
        "\n".join((sentence, *_where(None, airflow_run))),
    )


def check_failed(subject: str, sentence: str, airflow_run: tuple[str, str]) -> bool:
    """Tell what a look at the books found, or that it broke off; True if it was heard.

    The DAG has a page in the runbook.
    """
    return notify(
        subject,
        "\n".join((sentence, _link(airflow_run), f"What to do: {RUNBOOK}#{airflow_run[0]}")),
    )


def fail_check(subject: str, sentence: str, airflow_run: tuple[str, str]) -> NoReturn:
    """Tell what a look at the books found, and fail the task with the same sentence."""
    give_up(sentence, heard=check_failed(subject, sentence, airflow_run))


def give_up(sentence: str, *, heard: bool) -> NoReturn:
    """Fail a task: for good if what it told was heard, else such that Airflow tries it again."""
    if heard:
        raise AirflowFailException(sentence)
    raise AirflowException(f"{sentence} Nobody has taken the alert.")


def night_is_late(context: dict[str, Any]) -> None:
    """Say at whose books nobody has looked since the nightly reconciliation was queued.

    Airflow calls this after every run that did not succeed in time, a red one too, and hours later
    if its scheduler was away: whose books were looked at since has been told of already.
    """
    queued_at = datetime.fromisoformat(context["dag_run"]["queued_at"])
    late = [system for system in systems.every() if not _was_looked_at(system, queued_at)]
    if late and night_missed([system.name for system in late]):
        for system in late:
            with suppress(Exception), statements.connect(conninfo(system), "deadline") as session:
                statements.execute(session, "trueup/watch/note_missed_night", system=system.name)


def night_missed(late: list[str]) -> bool:
    """Tell that nobody has looked at the books of these systems; True if it was heard."""
    return notify(
        "No nightly reconciliation",
        f"Nobody has looked at the books of {' and '.join(late)} in time. Look at the DAG "
        "nightly_reconciliation, the scheduler, and the databases it reads.\n"
        f"Airflow: {_base_url()}/dags/nightly_reconciliation/runs\n"
        f"What to do: {RUNBOOK}#nightly_reconciliation",
    )


def _targets() -> list[str]:
    try:
        found = BaseHook.get_connection(TARGETS_CONNECTION)
    except AirflowNotFoundException:
        return []
    return (found.password or "").split()


def _call(name: str, subject: str, text: str) -> bool:
    """Call a notifier of the deployment's own; what it raises may have an address in it."""
    try:
        with _silence():
            import_string(name)(subject, text)
    except Exception as error:
        log.error("The notifier %s failed: %s", name, type(error).__name__)
        return False
    return True


def _send(which: str, target: str, subject: str, text: str) -> bool:
    """Send to one target; True if it took it. An address is a secret: no library says a word."""
    mask_secret(target)
    try:
        import apprise

        with _silence():
            service = apprise.Apprise.instantiate(target)
            taken = service and service.notify(
                body=text, title=subject, notify_type=apprise.NotifyType.FAILURE
            )
    except Exception as error:
        log.error("Target %s of %s failed: %s", which, TARGETS_CONNECTION, type(error).__name__)
        return False
    if not service:
        log.error("Target %s of %s is no address that apprise knows", which, TARGETS_CONNECTION)
    elif not taken:
        log.error(
            "Target %s of %s (%s) did not take the alert",
            which, TARGETS_CONNECTION, service.service_name,
        )  # fmt: skip
    return bool(taken)


@contextmanager
def _silence() -> Iterator[None]:
    """Log nothing: libraries write whole addresses into their logs, tokens and all."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _numbers(connection: Connection, run: Run) -> str:
    totals = statements.fetch_one(connection, "trueup/report/read_overview", run_id=run.run_id)
    of = f" of {counted(totals.total_to_process)}" if totals.total_to_process is not None else ""
    breaks = "" if run.row.breaks is None else f", {counted(run.row.breaks)} breaks"
    return (
        f"{counted(totals.total_read)}{of} rows read, {counted(totals.total_posted)} posted, "
        f"{counted(totals.total_replayed)} replayed, {counted(totals.total_quarantined)} "
        f"quarantined{breaks}. Source {run.row.source_id}, started by {run.row.started_by}."
    )


def _where(status: Status | None, airflow_run: tuple[str, str]) -> tuple[str, str]:
    section = _SECTIONS.get(status, "is-it-alive") if status else "first-how-does-it-stand"
    return _link(airflow_run), f"What to do: {RUNBOOK}#{section}"


def _link(airflow_run: tuple[str, str]) -> str:
    dag_id, run_id = airflow_run
    return f"Airflow: {_base_url()}/dags/{dag_id}/runs/{quote(run_id, safe='')}"


def _base_url() -> str:
    return conf.get("api", "base_url", fallback="http://localhost:8080").rstrip("/")


def _was_looked_at(system: System, since: datetime) -> bool:
    """Whether there is a night since then; also where there is nothing to look at."""
    try:
        if not is_connected(system):
            return True
        with statements.connect(conninfo(system), "deadline") as connection:
            return statements.fetch_one(
                connection, "trueup/nightly/was_looked_at", system=system.name, since=since
            ).found
    except Exception:
        # Whatever it is: nobody can say that somebody has looked.
        log.exception("Whether the books of %s were looked at cannot be told", system.name)
        return False
