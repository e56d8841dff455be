"""Looks at all runs every few minutes: tells of one that stalls, and feeds the metrics."""

import os

import pendulum
from airflow.sdk import dag

from trueup.orchestration import watch_tasks as tasks


@dag(
    description=__doc__,
    schedule=os.environ.get("TRUEUP_WATCH_SCHEDULE", "*/5 * * * *"),
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    # It changes nothing, and a watch that nobody switched on warns of nothing.
    is_paused_upon_creation=False,
    default_args={"owner": "trueup"},
    tags=["trueup", "control"],
    doc_md="""
### Watch the runs

Looks at the runs of every system, from the outside, and changes none of them.

- **A run that stalls** (it holds the books, and no worker is connected to it for five minutes, or
  one is and gave no sign of life for `TRUEUP_STALLED_AFTER` minutes, 30 by default), or that waits
  that long for its approval, is told of **once** until it moves again, through the Airflow
  connection `trueup_alerts` and the notifiers in `TRUEUP_NOTIFIERS`. The text says whether a worker
  is still connected, and what to do.
- **A night that did not come**: nobody has looked at a system's books for 26 hours.
- **Figures** of the run that is open and of the newest one go to Airflow's metrics, as
  `trueup.<system>.…`: rows posted, rows per second, quarantine, breaks, age of the checkpoint, age
  of the last night, and whether the system could be looked at.

A system without an Airflow connection is passed over. Red: one could not be looked at; the first
time, that is told, too.
`TRUEUP_WATCH_SCHEDULE` has another schedule.
""",
)
def watch_runs() -> None:
    """One look at all systems."""
    tasks.watch()


watch_runs()
