"""The journal of runs: their steps, the fence around each batch, and what they leave behind."""

from dataclasses import dataclass
from typing import Any, Literal

import psycopg
from psycopg import Connection
from psycopg.types.json import Jsonb

from trueup import statements, systems
from trueup.errors import DataFailure, Fenced, Refused
from trueup.plan import Plan
from trueup.run_state import FINISHED, Status, check_step
from trueup.systems import System

# The figure that a switch to a new schema leaves, in the transaction that makes it.
CUT_OVER = "cut_over"

Failure = Literal["refused", "data", "operational"]


@dataclass(frozen=True)
class Run:
    """A run as the journal had it when it was read; `row` has the columns of `trueup.runs`."""

    row: Any
    plan: Plan
    system: System

    @property
    def run_id(self) -> str:
        """The run's own id; it stays the same across resumes."""
        return self.row.run_id

    @property
    def status(self) -> Status:
        """Where the run stood when it was read."""
        return Status(self.row.status)


def read_run(connection: Connection, run_id: str) -> Run:
    """Read a run. Raises Refused when there is none of that id."""
    row = statements.fetch_one(connection, "trueup/journal/read_run", run_id=run_id)
    if row is None:
        raise Refused(f"There is no run {run_id} in this database.")
    return Run(row, Plan.model_validate(row.plan), systems.named(row.system))


def hold_worker_lock(connection: Connection, run: Run) -> None:
    """Mark this session as a worker of the run until it disconnects."""
    statements.execute(connection, "trueup/journal/hold_worker_lock", run_id=run.run_id)


def move(
    connection: Connection,
    run: Run,
    status: Status,
    stage: str | None = None,
    message: str | None = None,
) -> Run:
    """Take a legal step and give the run after it.

    Raises Fenced when the step is not legal, or when another attempt owns the run.
    """
    with connection.transaction():
        locked = statements.fetch_one(connection, "trueup/journal/lock_run", run_id=run.run_id)
        _check_owner(run, locked)
        check_step(run.run_id, Status(locked.status), status)
        statements.execute(
            connection,
            "trueup/journal/set_status",
            run_id=run.run_id,
            status=status,
            stage=stage,
            message=message,
            finished=status in FINISHED,
        )
        return read_run(connection, run.run_id)


def finish(connection: Connection, run: Run, status: Status, message: str) -> None:
    """Take the last step of a run and say in a sentence how it ended."""
    move(connection, run, status, message=message)
    log(connection, run, message)


def refuse(connection: Connection, run: Run, message: str) -> None:
    """End a run that has posted nothing: say why, and drop its staging."""
    record_failure(connection, run, "refused", message)
    if read_run(connection, run.run_id).status == Status.POSTING:
        # Somebody had come between the verdicts and the first batch: posting was not even opened.
        move(connection, run, Status.INTERRUPTED)
    finish(connection, run, Status.REFUSED, message)
    drop_staging(connection, run)


def drop_staging(connection: Connection, run: Run) -> None:
    """Drop a run's staging; one that somebody is reading is left for the next cleaning."""
    try:
        with connection.transaction():
            statements.execute(
                connection, f"{run.system.name}/ingest/drop_staging", run_id=run.run_id
            )
    except psycopg.errors.LockNotAvailable:
        log(connection, run, "The staging is being read by somebody and was left standing.")


def drop_left_staging(connection: Connection, run: Run) -> None:
    """Drop the staging that runs before this one have left; what is being read, or whose run is
    still being worked on, is left once more."""
    for left in statements.fetch_all(
        connection, "trueup/journal/list_left_staging", run_id=run.run_id
    ):
        try:
            with connection.transaction():
                # Held until the transaction ends: nobody begins to read what is being dropped.
                if not statements.fetch_one(
                    connection, "trueup/journal/is_worked_on", run_id=left.run_id
                ).worked_on:
                    statements.execute(
                        connection, f"{run.system.name}/ingest/drop_staging", run_id=left.run_id
                    )
        except psycopg.errors.LockNotAvailable:
            log(connection, run, "Staging that earlier runs have left is being read; it stands on.")
            return


def fence(connection: Connection, run: Run, status: Status) -> None:
    """Hold the run's state still for this transaction.

    Raises Fenced when the run is no longer in `status` or belongs to another attempt: a rollback, a
    pause or a resume came first, and this worker must not write.
    """
    held = statements.fetch_one(connection, "trueup/journal/share_run", run_id=run.run_id)
    _check_owner(run, held)
    if held.status != status:
        raise Fenced(f"Run {run.run_id} is {held.status}, no longer {status}; this worker stops.")


def _check_owner(run: Run, held: Any) -> None:
    if held.attempt != run.row.attempt:
        raise Fenced(
            f"Attempt {held.attempt} has taken run {run.run_id} over from attempt "
            f"{run.row.attempt}; this worker stops."
        )


def void_approval(connection: Connection, run: Run, why: str) -> None:
    """Take a person's approval back, if the run has one, and write down why."""
    if run.row.approved_by:
        statements.execute(connection, "trueup/journal/forget_approval", run_id=run.run_id)
        log(connection, run, f"{run.row.approved_by}'s approval is void: {why}.")


def record_failure(connection: Connection, run: Run, failure: Failure, message: str) -> None:
    """Keep why the run failed: it decides whether it is rolled back or can be resumed."""
    statements.execute(
        connection,
        "trueup/journal/record_failure",
        run_id=run.run_id,
        failure=failure,
        message=message,
    )
    log(connection, run, message, failure=failure)


def log(connection: Connection, run: Run, event: str, **detail: Any) -> None:
    """Write one sentence into the audit log."""
    statements.execute(
        connection,
        "trueup/journal/log_event",
        run_id=run.run_id,
        stage=run.row.stage,
        event=event,
        detail=Jsonb(detail),
    )


def add_figures(connection: Connection, run: Run, **figures: Any) -> None:
    """Keep figures that a stage found, under its name; money as text."""
    statements.execute(
        connection, "trueup/journal/add_figures", run_id=run.run_id, figures=Jsonb(figures)
    )


def is_cut_over(run: Run) -> bool:
    """Whether those who use the books are on the new schema: what was proved before stays proved.

    A stage that looks at the old schema passes over itself then; it would not find it any more.
    """
    return CUT_OVER in run.row.figures


def ranges(connection: Connection, run: Run) -> list[Any]:
    """The run's key ranges with their checkpoints; empty before posting was opened."""
    return statements.fetch_all(connection, "trueup/journal/list_ranges", run_id=run.run_id)


def blocks(connection: Connection, run: Run) -> list[Any]:
    """The source's blocks, in order; empty unless the run loads in the initial regime."""
    return statements.fetch_all(connection, "trueup/journal/list_blocks", run_id=run.run_id)


def check_all_posted(connection: Connection, run: Run) -> None:
    """Raise Fenced unless every range is posted, DataFailure unless every row is accounted for."""
    done = ranges(connection, run)
    behind = [each for each in done if each.checkpoint_key < each.last_key]
    if behind:
        raise Fenced(
            f"Range {behind[0].range_no} of run {run.run_id} is posted up to key "
            f"{behind[0].checkpoint_key} of {behind[0].last_key}; posting comes first."
        )
    totals = {
        name: sum(getattr(each, name) for each in done)
        for name in ("read", "posted", "replayed", "quarantined")
    }
    save_totals(connection, run, **totals)
    settled = totals["posted"] + totals["replayed"] + totals["quarantined"]
    to_process = read_run(connection, run.run_id).row.total_to_process
    if not to_process == totals["read"] == settled:
        raise DataFailure(
            f"{to_process} rows were to be processed, {totals['read']} were read and {settled} "
            "were posted, replayed or quarantined; these must be one number."
        )


def save_totals(connection: Connection, run: Run, **totals: int) -> None:
    """Set read, posted, replayed and quarantined of a run."""
    statements.execute(connection, "trueup/journal/save_totals", run_id=run.run_id, **totals)


def add_break(
    connection: Connection,
    run: Run,
    account_id: str,
    currency_code: str,
    compared_with: str,
    expected: str,
    actual: str,
    cause: str,
) -> None:
    """Keep one break; amounts are decimal texts in units of the currency."""
    statements.execute(
        connection,
        "trueup/journal/insert_break",
        run_id=run.run_id,
        account_id=account_id,
        currency_code=currency_code,
        compared_with=compared_with,
        expected=expected,
        actual=actual,
        cause=cause,
    )
