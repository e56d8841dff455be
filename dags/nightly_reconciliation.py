"""Looks at the books of every system each night, and says what is wrong, and when nobody looked."""

import os

import pendulum
from airflow.sdk import DeadlineAlert, DeadlineReference, Param, SyncCallback, TaskGroup, dag

from trueup import systems
from trueup.orchestration import night_tasks as tasks
from trueup.orchestration.notifying import NIGHT_TAKES, night_is_late
from trueup.orchestration.params import form


@dag(
    description=__doc__,
    schedule=os.environ.get("TRUEUP_NIGHTLY_SCHEDULE", "0 2 * * *"),
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    # It changes nothing in the books, and a night that nobody switched on is missed by nobody.
    is_paused_upon_creation=False,
    deadline=DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=NIGHT_TAKES,
        callback=SyncCallback(night_is_late),
    ),
    params=form(
        {
            "learn_openings": Param(
                False,
                type="boolean",
                description="Accept every balance that no entry explains as its account's opening "
                "balance; the former opening balances are lost. Leave it off unless a person has "
                "looked at each finding.",
            ),
        }
    ),
    default_args={"owner": "trueup"},
    tags=["trueup", "reconciliation"],
    doc_md="""
### Reconcile every night

For each system, in **one snapshot** of its books: the trial balance per currency, every balance
against its entries, the balance rules, duplicate and missing references, the outbox's failures and
backlog, runs that stall or wait for a person, and the trend since the last night; for vesting
lots, every lot against its deposit and every user's lots against the active locks; for wallets,
coins against wallet against journal, and the journal's rules; for juntas, capital against movements
against the app's rows. A night on which a run was in flight is labelled. A system is passed over
where there is no Airflow connection to its database.

Green when nothing critical was found. Red otherwise: each finding has its account, its amount and
its likely cause, in the report, in Data Docs and in `trueup.night_findings`; whoever the connection
`trueup_alerts` or `TRUEUP_NOTIFIERS` names is told. When nobody has looked two hours after the run
was queued, they are told that, too; `trueup.last_nights` shows a system at whose books nobody has
looked for a day.
""",
)
def nightly_reconciliation() -> None:
    """Look, report, judge; each system for itself."""
    for system in systems.every():
        with TaskGroup(system.name):
            night = tasks.look(system.name)
            tasks.report(system.name, night) >> tasks.verdict(system.name)


nightly_reconciliation()
