"""Releases the vesting lots of AVENIR that are mature, every night and by hand."""

import os

import pendulum
from airflow.sdk import dag

from trueup.orchestration import release_tasks as tasks
from trueup.orchestration.params import form, release_params

SYSTEM = "vesting"


@dag(
    description=__doc__,
    # Shortly after midnight UTC, when the lots of the new day have come of age.
    schedule=os.environ.get("TRUEUP_RELEASE_SCHEDULE", "15 0 * * *"),
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    # It pays money out: a person switches it on.
    is_paused_upon_creation=True,
    max_active_runs=1,
    params=form(release_params()),
    default_args={"owner": "trueup"},
    tags=["trueup", SYSTEM, "release"],
    doc_md="""
### Release mature vesting lots

Pays lots of AVENIR back whose release day has come, the earliest first, at most `max_lots`: out of
the account that the deposit credited, into the user's wallet. Each released lot has one
`VAULT_VESTING_RELEASE` operation with two entries; its wallet lock is closed.

**By hand it is a dry run** unless `dry_run` is taken off. **The schedule pays out**; it is paused
until a person switches it on. Several
releases at once are safe: none takes a lot twice, none waits for another one.

A lot stays as it was, with its reason in the log and in `vesting_release_outcomes`, when

- the account that pays would go below zero, or has less of this user's own deposits left;
- it is not certain which wallet lock is its own;
- its deposit does not lead from one wallet of its user to one account;
- the backfill that made it is not complete;
- the database refuses it.

It does not stop the others, and the next release tries it again. A lot without a wallet lock is
released with a warning.

Green when every mature lot was decided, the ones that were left included: what is wrong with them
was wrong before, a person has to mend it, and tonight's other payments are done. Red only when the
surroundings fail: that is told (`trueup_alerts`), what was committed stands, and clearing the task
`release` goes on from there.
""",
)
def vesting_lots_release() -> None:
    """Audit, release, say how it ended."""
    asked = tasks.audit(SYSTEM)
    tasks.verdict(asked, tasks.release(SYSTEM, asked))


vesting_lots_release()
