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

log = logging.getLogger(__name__)

APPROVE = "Approve"
REJECT = "Reject"

_SUBJECT = "Post {{ params.source }}?"
# What `gate` has written when it parked the run.
_BODY = "{{ ti.xcom_pull(task_ids='gate', key='question') }}"


class Approval(HITLOperator):
    """Asks a person to approve the digest, and asks again while only the wrong one has.

    Airflow's ApprovalOperator skips what follows a Reject and drops the answer with it: nobody
    would learn who said no.
    """

    def __init__(self, *, system: str, **kwargs: Any) -> None:
        super().__init__(
            subject=_SUBJECT,
            body=_BODY,
            options=[APPROVE, REJECT],
            # An answer within seconds of parking, before the scheduler has heard that the worker
            # has gone, fails the task in Airflow 3.3.2; the next attempt asks again.
            retries=2,
            retry_delay=timedelta(seconds=2),
            **kwargs,
        )
        self.system = system

    def execute_complete(self, context: work.Context, event: dict[str, Any]) -> Any:
        """Give the answer; park again when whoever triggered the run has approved it alone."""
        answer = super().execute_complete(context, event)
        declared = systems.named(self.system)
        found = work.run_id(context)
        with work.session(declared, f"approval {found}") as connection:
            run = journal.read_run(connection, found)
            try:
                check_four_eyes(connection, run, answer)
            except OperationalFailure as refusal:
                log.warning("%s", refusal)
                journal.log(connection, run, str(refusal))
            else:
                return answer
        # Asks anew, without a worker, and raises what parks the task.
        return self.execute(context)


def approve(system: str) -> HITLOperator:
    """The task that asks a person; `open_posting` heeds the answer."""
    return Approval(
        task_id="approve",
        system=system,
        doc_md="Park, without a worker, until a person approves the digest or rejects it.",
    )


def heed(connection: Connection, run: Run, answer: dict[str, Any] | None) -> None:
    """Keep a person's approval of the digest, where the run waits for one.

    Raises Refused when the person said no, and OperationalFailure, which leaves the run to be
    resumed, when nobody has answered or only whoever triggered it.
    """
    if run.plan.approval == "auto" or is_approved(run):
        return
    if not answer:
        # Somebody marked the task as a success in Airflow: that is nobody's approval.
        raise OperationalFailure(
            f"Nobody has approved digest {run.row.digest}. Trigger the same again; it asks again."
        )
    if answer["chosen_options"] != [APPROVE]:
        raise Refused(f"{who_answered(answer)} rejected digest {run.row.digest}.")
    check_four_eyes(connection, run, answer)
    statements.execute(
        connection,
        "trueup/journal/save_approval",
        run_id=run.run_id,
        approved_by=who_answered(answer),
    )
    journal.log(connection, run, f"{who_answered(answer)} approved digest {run.row.digest}.")


def is_approved(run: Run) -> bool:
    """Whether a person has approved the very digest that the run has now."""
    return bool(run.row.approved_by) and run.row.approved_digest == run.row.digest


def check_four_eyes(connection: Connection, run: Run, answer: dict[str, Any]) -> None:
    """Raise OperationalFailure when a run that wants four eyes was approved by two of them.

    Whoever triggered any attempt of the run may reject it, and may not approve it. A schedule or a
    command line is nobody: then anybody may.
    """
    if not run.plan.four_eyes or answer["chosen_options"] != [APPROVE]:
        return
    attempts = statements.fetch_all(connection, "trueup/journal/list_attempts", run_id=run.run_id)
    user = answer.get("responded_by_user") or {}
    if {user.get("name"), user.get("id")} & {each.started_by for each in attempts}:
        raise OperationalFailure(
            f"{who_answered(answer)} triggered run {run.run_id} and may not approve it. Nothing "
            "was posted; somebody else must answer, or trigger it with four_eyes off."
        )


def who_answered(answer: dict[str, Any]) -> str:
    """The name of the person behind an answer."""
    user = answer.get("responded_by_user") or {}
    return user.get("name") or user.get("id") or "somebody"
