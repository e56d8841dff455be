"""Who may work on a run: opens one, resumes one, hands one over to be taken back, or says no."""

import secrets
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import psycopg
from psycopg import Connection
from psycopg.types.json import Jsonb

from trueup import journal, statements, steps
from trueup.errors import Refused
from trueup.journal import Run, read_run
from trueup.plan import SHAPES_ROWS, SHOWN_TO_APPROVER, Plan, Quota
from trueup.run_state import FINISHED, RESUMABLE, WORKING, Status, check_step
from trueup.systems import System

# Between two tasks nobody is connected for a moment; longer than this, and the attempt is dead.
GRACE_SECONDS = 15.0


class Source(NamedTuple):
    """What identifies a source: its name as asked for, and the fingerprints of file and mapping."""

    source: str
    source_id: str
    source_type: str
    fingerprint: str | None
    mapping_fingerprint: str | None


class Attempt(NamedTuple):
    """Who works on a run: a DAG, one of its Airflow runs, and the person or schedule behind it."""

    dag_id: str
    airflow_run_id: str
    started_by: str


def open_run(
    connection: Connection,
    system: System,
    plan: Plan,
    source: Source,
    attempt: Attempt,
    code_fingerprint: str,
    is_alive: Callable[[str, str], bool],
) -> Run:
    """Open a run, or take up the one that this Airflow run, or the same trigger before it, began.

    `is_alive(dag_id, airflow_run_id)` tells whether Airflow believes that an Airflow run goes on.
    Raises Refused when another run holds the books, or when the source, the mapping or the posting
    code is no longer what the interrupted run began with.
    """
    mine = _find_own(connection, attempt)
    if mine:
        return read_run(connection, mine.run_id)
    if not plan.dry_run:
        standing = _wait_for_the_books(connection, system, is_alive)
        if standing and not _supersede(connection, standing.run_id, plan, source, code_fingerprint):
            return _take_over(connection, standing, plan, attempt)
    try:
        with connection.transaction():
            asked = plan.model_dump(mode="json")
            run = _insert_run(connection, system, asked, source, attempt, code_fingerprint)
            journal.log(connection, run, f"Opened for {source.source} by {attempt.started_by}.")
            return run
    except psycopg.errors.UniqueViolation as error:
        raise Refused(
            f"Another run took the books of {system.name} at the same moment. "
            "Wait until it has ended, then trigger this one again."
        ) from error


def refuse_run(
    connection: Connection,
    system: System,
    params: dict[str, Any],
    attempt: Attempt,
    message: str,
) -> str:
    """Write down a run that was refused before it began, and give its id."""
    source = _storable(str(params.get("source") or "")).strip() or "(none)"
    message = _storable(message)
    named = Source(
        source,
        _storable(str(params.get("source_id") or source)),
        _storable(str(params.get("source_type") or "CSV")),
        fingerprint=None,
        mapping_fingerprint=None,
    )
    asked = {"source": source[:255], "dry_run": True}
    with connection.transaction():
        run = _insert_run(connection, system, asked, named, attempt, code_fingerprint="")
        journal.refuse(connection, run, message)
    return run.run_id


def _storable(words: str) -> str:
    """A text as PostgreSQL can hold it, whatever somebody typed into a form."""
    return words.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()


def adopt_run(
    connection: Connection,
    run_id: str,
    attempt: Attempt,
    is_alive: Callable[[str, str], bool],
) -> Run:
    """Give a run to an Airflow run that will take it back.

    Raises Refused when there is none of that id, when somebody works on it, or when another run
    holds the books; Fenced when a run in its state cannot be taken back.
    """
    mine = _find_own(connection, attempt)
    run = read_run(connection, run_id)
    if mine and mine.run_id == run_id:
        return run
    standing = _wait_for_the_books(connection, run.system, is_alive)
    if standing and standing.run_id != run_id:
        raise Refused(
            f"Run {standing.run_id} is {standing.status} and holds the books of {run.system.name}; "
            "it must be resumed or taken back first."
        )
    with connection.transaction():
        if run.status in WORKING:
            journal.move(connection, run, Status.INTERRUPTED)
        check_step(run_id, read_run(connection, run_id).status, Status.ROLLING_BACK)
        number = statements.fetch_one(
            connection,
            "trueup/journal/take_over",
            run_id=run_id,
            status=read_run(connection, run_id).status,
            plan=Jsonb(run.row.plan),
            message=f"{attempt.started_by} asked for it",
        ).attempt
        _insert_attempt(connection, run_id, number, attempt)
    return read_run(connection, run_id)


def pause_run(connection: Connection, run_id: str) -> None:
    """Have a run stop after the batch in hand. Raises Refused unless it is posting."""
    try:
        with connection.transaction():
            statements.execute(connection, "trueup/journal/pause_run", run_id=run_id)
            run = read_run(connection, run_id)
            journal.log(connection, run, "A person paused the run.")
    except psycopg.errors.RaiseException as error:
        raise Refused(error.diag.message_primary or str(error)) from error


def params_to_resume(run: Run) -> dict[str, Any]:
    """The params with which the run's DAG goes on. Raises Refused unless it can."""
    if run.status not in RESUMABLE:
        raise Refused(
            f"Run {run.run_id} is {run.status}; only a paused or interrupted run is resumed."
        )
    return _params(run.plan)


def params_to_replay(run: Run, dry_run: bool) -> dict[str, Any]:
    """The params with which what a run left in quarantine is loaded once more.

    Raises Refused when it has not ended, left nothing, or its system takes no quarantine back.
    """
    if run.status != Status.COMPLETED:
        raise Refused(
            f"Run {run.run_id} is {run.status}; the quarantine of a completed run is replayed. "
            "Another run reads its source again."
        )
    if not run.row.total_quarantined:
        raise Refused(f"Run {run.run_id} left nothing in quarantine.")
    if "quarantine" not in run.system.derived:
        raise Refused(
            f"The quarantine of {run.system.name} is not replayed. {run.system.fed_back}."
        )
    kept = run.plan.model_copy(
        update={
            "source": run.run_id,
            "source_type": "QUARANTINE",
            "source_id": run.row.source_id,
            "source_connection": None,
            "mapping": None,
            "expected_balances": None,
            "limit": None,
            "not_before": None,
            "not_after": None,
            "approved_digest": None,
            # All of it was quarantined once: some may be again.
            "max_quarantined": Quota.parse("100 %"),
            "dry_run": dry_run,
        }
    )
    return _params(kept)


def _params(plan: Plan) -> dict[str, Any]:
    """A plan as the params of a DAG run."""
    params = plan.model_dump(mode="json")
    params["max_quarantined"] = str(plan.max_quarantined).removesuffix(" rows")
    params["batch_seconds"] = plan.target_seconds
    return params


def _wait_for_the_books(
    connection: Connection, system: System, is_alive: Callable[[str, str], bool]
) -> Any:
    """Give the run that holds the books and that nobody works on, or None when none does.

    Raises Refused when somebody works on it.
    """
    while True:
        standing = statements.fetch_one(
            connection, "trueup/journal/find_open_run", system=system.name
        )
        if standing is None:
            return None
        with connection.transaction():
            worked_on = statements.fetch_one(
                connection, "trueup/journal/is_worked_on", run_id=standing.run_id
            ).worked_on
        parked = standing.status == Status.AWAITING_APPROVAL and is_alive(
            standing.dag_id, standing.airflow_run_id
        )
        if worked_on or parked:
            raise Refused(
                f"Run {standing.run_id} ({standing.dag_id}, source {standing.source_id}, started "
                f"by {standing.started_by} at {standing.started_at:%Y-%m-%d %H:%M:%S} UTC) is "
                f"{standing.status} and holds the books of {system.name}. Two runs never change "
                "one set of books at once: wait until it has ended, then trigger this one again."
            )
        if standing.status in RESUMABLE or standing.seconds_since_seen > GRACE_SECONDS:
            return standing
        time.sleep(1)


def _supersede(
    connection: Connection, run_id: str, plan: Plan, source: Source, code_fingerprint: str
) -> bool:
    """Close the run that broke off if this trigger asks for another one; False if for the same.

    Raises Refused when it has begun to post: then it must be resumed as it was, or taken back.
    """
    run = read_run(connection, run_id)
    changed = _changes(run, plan, source, code_fingerprint)
    if not changed:
        return False
    if run.row.state_hash_before is not None:
        raise Refused(
            f"Run {run_id} of source {run.row.source_id} broke off with part of its entries "
            f"posted, and this trigger is another: {', '.join(changed)} changed since it began. "
            "Trigger it exactly as it was to resume it, or take it back with the DAG `rollback`; "
            "nothing else may change these books before."
        )
    with connection.transaction():
        if run.status not in RESUMABLE:
            journal.move(connection, run, Status.INTERRUPTED)
        # It may have opened them before it broke off, and nobody else would close them.
        steps.execute(connection, run, "roll_back/close_books", run_id=run.run_id)
        journal.refuse(
            connection,
            run,
            f"Broke off before its first posting; a new run began, because {', '.join(changed)} "
            "changed.",
        )
    return True


def _changes(run: Run, plan: Plan, source: Source, code_fingerprint: str) -> list[str]:
    """What this trigger asks for otherwise than the run did, in words."""
    pairs = (
        ("the source", (run.row.source_id, run.row.source_type), source[1:3]),
        ("the source file's content", run.row.source_fingerprint, source.fingerprint),
        ("the mapping", run.row.mapping_fingerprint, source.mapping_fingerprint),
        ("the posting code", run.row.code_fingerprint, code_fingerprint),
    )
    changed = [words for words, before, now in pairs if before != now]
    return changed + _differing(SHAPES_ROWS, run.plan, plan)


def _differing(names: Iterable[str], before: Plan, now: Plan) -> list[str]:
    """Those of the params that two plans do not agree on."""
    return [name for name in names if getattr(before, name) != getattr(now, name)]


def _take_over(connection: Connection, standing: Any, plan: Plan, attempt: Attempt) -> Run:
    """Give the run to this attempt and fence every worker of the one before."""
    with connection.transaction():
        locked = statements.fetch_one(connection, "trueup/journal/lock_run", run_id=standing.run_id)
        run = read_run(connection, standing.run_id)
        if locked.attempt != standing.attempt or run.status in FINISHED:
            raise Refused(f"Run {standing.run_id} was taken up by somebody else a moment ago.")
        being_taken_back = run.status == Status.ROLLING_BACK or run.row.failure == "data"
        if not being_taken_back and run.status not in RESUMABLE:
            check_step(run.run_id, run.status, Status.INTERRUPTED)
        number = statements.fetch_one(
            connection,
            "trueup/journal/take_over",
            run_id=run.run_id,
            status=run.status if being_taken_back else Status.AUDITING,
            plan=Jsonb(plan.model_dump(mode="json")),
            message=run.row.message if being_taken_back else None,
        ).attempt
        _insert_attempt(connection, run.run_id, number, attempt)
        resumed = read_run(connection, run.run_id)
        journal.log(connection, resumed, f"Attempt {number} took the run up where it stood.")
        changed = _differing(SHOWN_TO_APPROVER, run.plan, plan)
        if changed:
            journal.void_approval(connection, resumed, f"{', '.join(changed)} changed")
        if being_taken_back:
            journal.record_failure(connection, resumed, "data", run.row.message)
    return read_run(connection, run.run_id)


def _find_own(connection: Connection, attempt: Attempt) -> Any:
    """The run that this Airflow run has had before, when its first task is tried again."""
    return statements.fetch_one(
        connection,
        "trueup/journal/find_attempt",
        dag_id=attempt.dag_id,
        airflow_run_id=attempt.airflow_run_id,
    )


def _insert_run(
    connection: Connection,
    system: System,
    asked: dict[str, Any],
    source: Source,
    attempt: Attempt,
    code_fingerprint: str,
) -> Run:
    """Write a new run down with its first attempt; `asked` is its plan, as JSON has it."""
    run_id = _new_run_id(attempt.dag_id)
    statements.execute(
        connection,
        "trueup/journal/insert_run",
        run_id=run_id,
        dag_id=attempt.dag_id,
        system=system.name,
        plan=Jsonb(asked),
        dry_run=asked["dry_run"],
        source=source.source,
        source_id=source.source_id,
        source_type=source.source_type,
        source_fingerprint=source.fingerprint,
        mapping_fingerprint=source.mapping_fingerprint,
        code_fingerprint=code_fingerprint,
        started_by=attempt.started_by,
    )
    _insert_attempt(connection, run_id, 1, attempt)
    return read_run(connection, run_id)


def _insert_attempt(connection: Connection, run_id: str, number: int, attempt: Attempt) -> None:
    statements.execute(
        connection,
        "trueup/journal/insert_attempt",
        run_id=run_id,
        attempt=number,
        dag_id=attempt.dag_id,
        airflow_run_id=attempt.airflow_run_id,
        started_by=attempt.started_by,
    )


def _new_run_id(dag_id: str) -> str:
    """A name that sorts by time and reads well: it stands in references, folders and reports."""
    return f"{dag_id}-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
