"""The person's answer: a task that parks without a worker until somebody approves the digest."""

from datetime import timedelta

from airflow.providers.standard.operators.hitl import ApprovalOperator

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


def approve() -> ApprovalOperator:
    """Ask a person to approve the digest. Reject leaves the books as they are.

    An answer within a second of parking can fail the task in Airflow 3.3.2: it is tried again.
    """
    return ApprovalOperator(
        task_id="approve",
        subject=_SUBJECT,
        body=_BODY,
        retries=2,
        retry_delay=timedelta(seconds=2),
    )
