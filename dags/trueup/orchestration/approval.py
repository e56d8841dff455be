"""The person's answer: a task that parks without a worker until somebody approves the digest."""

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator

_SUBJECT = "Post {{ params.source }}?"
_BODY = """\
{%- set verdicts = ti.xcom_pull(task_ids='validate') or {} %}
Run **{{ ti.xcom_pull(task_ids='audit', key='run_id') }}**

| verdict | rows |
|---|---|
| read | {{ verdicts.read }} |
| postable | {{ verdicts.postable }} |
| replayed | {{ verdicts.replayed }} |
| quarantined | {{ verdicts.quarantined }} |

Approving lets it post exactly this: digest `{{ verdicts.digest }}`. The log of `validate` has the
control totals and the trial balance that posting would leave.
"""


APPROVE = "Approve"
REJECT = "Reject"


def approve() -> HITLOperator:
    """Ask a person to approve the digest; `open_posting` heeds the answer.

    Airflow's ApprovalOperator skips what follows a Reject and drops the answer with it: nobody
    would learn who said no. An answer within a second of parking can fail the task in Airflow
    3.3.2: it is tried again.
    """
    return HITLOperator(
        task_id="approve",
        subject=_SUBJECT,
        body=_BODY,
        options=[APPROVE, REJECT],
        retries=2,
        retry_delay=timedelta(seconds=2),
    )


def who_answered(answer: dict[str, Any]) -> str:
    """The name of the person behind an answer."""
    user = answer.get("responded_by_user") or {}
    return user.get("name") or user.get("id") or "somebody"
