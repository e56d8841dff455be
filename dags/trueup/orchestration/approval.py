"""The person's answer: a task that parks without a worker until somebody approves the digest."""

import logging
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from psycopg import Connection

from trueup import journal, statements, systems
from trueup.errors import OperationalFailure, Refused
from trueup.journal import Run
from trueup.orchestration import work
from trueup.report.question import question
from trueup.run_state import Status

log = logging.getLogger(__name__)

APPROVE = "Approve"
REJECT = "Reject"

_SUBJECT = "Post to the books by {{ dag.dag_id }}? ({{ params.source | truncate(60) }})"


class Approval(HITLOperator):
    """Asks a person to approve the digest, and asks again while only the wrong one has.

    Airflow's ApprovalOperator skips what follows a Reject and drops the answer with it: nobody
    would learn who said no.
    """

    def __init__(self, *, system: str, **kwargs: Any) -> None:
        super().__init__(
            subject=_SUBJECT,
            options=[APPROVE, REJECT],
            # An answer within seconds of parking, before the scheduler has heard that the worker
            # has gone, fails the task in Airflow 3.3.2; the next attempt asks again.
            retries=2,
            retry_delay=timedelta(seconds=2),
            **kwargs,
        )
        self.system = system

    def execute(self, context: work.Context) -> Any:
        """Park with what the journal says of the run at this moment.

        What another task hands on can be written by anybody who may trigger the DAG: an approver
        would read harmless totals, and approve others.
        """
        with work.at_work(
            systems.named(self.system), context, "approve", Status.AWAITING_APPROVAL
        ) as (connection, run):
            self.body = ask(connection, run, work.attempt(context).airflow_run_id)
        return super().execute(context)

    def execute_complete(self, context: work.Context, event: dict[str, Any]) -> Any:
        """Take the answer; park again when whoever triggered the run has approved it alone.

        An approval is kept here, where Airflow says who gave it. What a task hands on to the next
        can be written by anybody who may trigger the DAG, and is believed by nobody.
        """
        answer = super().execute_complete(context, event)
        with work.at_work(systems.named(self.system), context, "approve") as (connection, run):
            alone = answer["chosen_options"] == [APPROVE] and _is_alone(connection, run, answer)
            if not alone:
                take(connection, run, answer, work.attempt(context).airflow_run_id)
                return answer
            refusal = (
                f"{who_answered(answer)} triggered run {run.run_id} and may not approve it. "
                "Nothing was posted; somebody else must answer, or trigger it with four_eyes off."
            )
            log.warning("%s", refusal)
            journal.log(connection, run, refusal)
        # Asks anew, without a worker, and raises what parks the task.
        return self.execute(context)


def approve(system: str) -> HITLOperator:
    """The task that asks a person; `open_posting` heeds the answer."""
    return Approval(
        task_id="approve",
        system=system,
        doc_md="Park, without a worker, until a person approves the digest or rejects it.",
    )


def ask(connection: Connection, run: Run, airflow_run_id: str) -> str:
    """Write down what a person is about to be asked, and give the question.

    Airflow shows the first question of a DAG run for good, also after its tasks were cleared.
    Raises OperationalFailure when that one was about another digest.
    """
    asked = run.row.figures.get("asked") or {}
    if asked.get("airflow_run_id") == airflow_run_id and asked["digest"] != run.row.digest:
        raise OperationalFailure(
            f"The verdicts are others than when this DAG run asked for approval of digest "
            f"{asked['digest']}, and Airflow would still show that question. Trigger the same "
            "again: the new DAG run asks about what stands now."
        )
    journal.add_figures(
        connection, run, asked={"airflow_run_id": airflow_run_id, "digest": run.row.digest}
    )
    return question(connection, run)


def take(connection: Connection, run: Run, answer: dict[str, Any], airflow_run_id: str) -> None:
    """Keep a person's approval of the digest that was asked about.

    A no takes back what somebody has approved before, and waits for `heed`.

    Raises OperationalFailure, which leaves the run to be resumed, when the run has another digest
    by now, or does not wait for an answer.
    """
    if answer["chosen_options"] != [APPROVE]:
        journal.void_approval(connection, run, f"{who_answered(answer)} said no")
        return
    asked = {"airflow_run_id": airflow_run_id, "digest": run.row.digest}
    approved = run.row.figures.get("asked") == asked and statements.fetch_one(
        connection,
        "trueup/journal/save_approval",
        run_id=run.run_id,
        digest=run.row.digest,
        approved_by=who_answered(answer),
    )
    if not approved:
        raise OperationalFailure(
            f"{who_answered(answer)} approved what run {run.run_id} has no longer: it is "
            f"{run.status}, with digest {run.row.digest}. Nothing was posted. Trigger the same "
            "again; it asks again."
        )
    journal.log(connection, run, f"{who_answered(answer)} approved digest {run.row.digest}.")


def heed(run: Run, answer: dict[str, Any] | None) -> None:
    """Let a run go on that a person has approved, or that nobody need approve.

    Raises Refused when the person said no, and OperationalFailure, which leaves the run to be
    resumed, when the journal has no approval: to mark the task as a success in Airflow, or to write
    an answer into its XCom, is nobody's.
    """
    # First: the last word counts, and a no that somebody forged can only keep a run from posting.
    if answer and answer["chosen_options"] == [REJECT]:
        raise Refused(f"{who_answered(answer)} rejected digest {run.row.digest}.")
    if run.plan.approval == "auto" or is_approved(run):
        return
    raise OperationalFailure(
        f"Nobody has approved digest {run.row.digest}. Trigger the same again; it asks again."
    )


def is_approved(run: Run) -> bool:
    """Whether a person has approved the very digest that the run has now."""
    return bool(run.row.approved_by) and run.row.approved_digest == run.row.digest


def _is_alone(connection: Connection, run: Run, answer: dict[str, Any]) -> bool:
    """Whether a run that wants four eyes was approved by two of them.

    Whoever triggered any attempt of the run may reject it, and may not approve it. A schedule or a
    command line is nobody: then anybody may.
    """
    if not run.plan.four_eyes:
        return False
    attempts = statements.fetch_all(connection, "trueup/journal/list_attempts", run_id=run.run_id)
    user = answer.get("responded_by_user") or {}
    return bool({user.get("name"), user.get("id")} & {each.started_by for each in attempts})


def who_answered(answer: dict[str, Any]) -> str:
    """The name of the person behind an answer."""
    user = answer.get("responded_by_user") or {}
    return user.get("name") or user.get("id") or "somebody"
