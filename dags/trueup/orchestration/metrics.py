"""Figures for Airflow's own metrics (StatsD, OpenTelemetry, Datadog), read from the journal.

All are gauges: a task that is tried again says the same once more, and counts nothing twice. The
system stands in the name, since plain StatsD knows no tags: `trueup.ledger.posted_rows`.
"""

import logging

import psycopg
from airflow.sdk.observability import stats
from psycopg import Connection

from trueup import statements
from trueup.nights import Night
from trueup.systems import System

log = logging.getLogger(__name__)


def of_runs(connection: Connection, system: System) -> None:
    """Say how a system's runs stand: the one that holds the books, and the newest real one."""
    try:
        measured = statements.fetch_one(connection, "trueup/watch/measure_runs", system=system.name)
    except psycopg.Error:
        # A figure that is missing must not harm a run.
        log.exception("The runs of %s cannot be measured", system.name)
        return
    for name, value in measured._asdict().items():
        if value is not None:
            stats.gauge(f"trueup.{system.name}.{name}", value)


def of_watch(system: System, is_watched: bool) -> None:
    """Say whether a watch could look at a system's runs: else its other figures are old."""
    stats.gauge(f"trueup.{system.name}.is_watched", int(is_watched))


def of_stalled(system: System, runs: int) -> None:
    """Say how many runs of a system hold its books and stall."""
    stats.gauge(f"trueup.{system.name}.stalled_runs", runs)


def of_night(night: Night) -> None:
    """Say what a night measured and how much it found; tables of amounts stay in its report."""
    stats.gauge(f"trueup.{night.system}.night_findings", sum(night.figures["findings"].values()))
    stats.gauge(f"trueup.{night.system}.night_is_broken", int(not night.is_clean))
    for name, value in night.figures["measured"].items():
        if isinstance(value, int):
            stats.gauge(f"trueup.{night.system}.{name}", value)
