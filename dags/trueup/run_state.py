"""The states of a run and every legal step between them, a sentence a step."""

from enum import StrEnum

from trueup.errors import Fenced


class Status(StrEnum):
    """Where a run stands."""

    AUDITING = "auditing"
    INGESTING = "ingesting"
    VALIDATING = "validating"
    AWAITING_APPROVAL = "awaiting_approval"
    POSTING = "posting"
    CONSTRAINING = "constraining"
    EXPECTING = "expecting"
    RECONCILING = "reconciling"
    COMPLETED = "completed"
    PREVIEWED = "previewed"
    INTERRUPTED = "interrupted"
    PAUSED = "paused"
    ROLLING_BACK = "rolling_back"
    ROLLED_BACK = "rolled_back"
    REFUSED = "refused"
    ROLLBACK_FAILED = "rollback_failed"


A = Status  # The table below is read as a drawing; short names keep it one.

# What a working run may always do: break off, or be refused before its first posting.
_BREAK_OFF = {A.INTERRUPTED: "The surroundings failed; what was posted stands and can be resumed."}
_PAUSE = {A.PAUSED: "A person asked the run to wait."}
_REFUSE = {A.REFUSED: "Plan, audit or validation said no; nothing was touched."}
_TAKE_BACK = {A.ROLLING_BACK: "The data broke a rule; what was posted is taken back."}
# A new attempt begins with the audit; a task that a person cleared begins where it stands.
_RESUME = {
    A.AUDITING: "A new attempt looks first; what is staged, judged and posted is kept.",
    A.INGESTING: "The task was cleared: the source is read again unless its staging is whole.",
    A.VALIDATING: "The task was cleared: the verdicts are formed again.",
    A.AWAITING_APPROVAL: "The verdicts stand; a person's answer is still missing.",
    A.POSTING: "Posting goes on after the last checkpoint.",
    A.CONSTRAINING: "Every range was posted; the constraints are tried again.",
    A.EXPECTING: "The constraints hold; the expectations are tried again.",
    A.RECONCILING: "Only the comparison is missing; it changes nothing.",
}

STEPS: dict[Status, dict[Status, str]] = {
    A.AUDITING: {A.INGESTING: "The audit found nothing that forbids the run."} | _REFUSE,
    A.INGESTING: {A.VALIDATING: "Every record of the source is staged."} | _REFUSE,
    A.VALIDATING: {
        A.PREVIEWED: "A dry run ends with its verdicts.",
        A.AWAITING_APPROVAL: "A person is asked to approve the digest.",
        A.POSTING: "The verdicts allow posting.",
    }
    | _REFUSE,
    A.AWAITING_APPROVAL: {
        A.AUDITING: "The DAG run was cleared: it begins anew, and keeps what is whole.",
        A.INGESTING: "The task was cleared: the source is read again unless its staging is whole.",
        A.VALIDATING: "The task was cleared: the verdicts are formed again.",
        A.POSTING: "A person approved the digest.",
    }
    | _REFUSE,
    A.POSTING: {A.CONSTRAINING: "Every range is posted up to its bound."} | _TAKE_BACK,
    A.CONSTRAINING: {A.EXPECTING: "The constraints hold and were proved."} | _TAKE_BACK,
    A.EXPECTING: {A.RECONCILING: "No critical expectation failed."} | _TAKE_BACK,
    A.RECONCILING: {A.COMPLETED: "No more breaks than were accepted."} | _TAKE_BACK,
    # Refused after all: it had posted nothing, and the next trigger asked for something else.
    A.INTERRUPTED: _RESUME | _TAKE_BACK | _REFUSE,
    # Not by a task that Airflow tries again, or takes for lost: only by who triggers it once more.
    A.PAUSED: {A.AUDITING: "A person triggered the run again."} | _TAKE_BACK | _REFUSE,
    A.ROLLING_BACK: {
        A.ROLLED_BACK: "The books stand as before the run, and the state hash says so.",
        A.ROLLBACK_FAILED: "The way back is closed, or the books differ from before the run.",
    },
    # A rollback that could not be finished may be tried again once its obstacle is gone.
    A.ROLLBACK_FAILED: _TAKE_BACK,
    A.COMPLETED: {A.ROLLING_BACK: "A person asked for a completed run to be taken back."},
    A.PREVIEWED: {},
    A.ROLLED_BACK: {},
    A.REFUSED: {},
}

WORKING = (
    A.AUDITING,
    A.INGESTING,
    A.VALIDATING,
    A.AWAITING_APPROVAL,
    A.POSTING,
    A.CONSTRAINING,
    A.EXPECTING,
    A.RECONCILING,
)
for status in WORKING:
    STEPS[status] |= _BREAK_OFF | _PAUSE

FINISHED = (A.COMPLETED, A.PREVIEWED, A.ROLLED_BACK, A.REFUSED, A.ROLLBACK_FAILED)
RESUMABLE = (A.INTERRUPTED, A.PAUSED)
GREEN = [A.COMPLETED, A.PREVIEWED]


def check_step(run_id: str, current: Status, following: Status) -> None:
    """Allow a step, or raise Fenced. Standing still is allowed: a task is tried again."""
    if following != current and following not in STEPS[current]:
        hint = (
            "trigger the same once more to resume it"
            if current in RESUMABLE
            else "trigger the DAG anew for a new run"
        )
        raise Fenced(
            f"Run {run_id} is {current}; it cannot become {following}. Nothing was changed; {hint}."
        )
