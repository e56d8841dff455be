"""Alerts: a sentence for whoever is on call, through notifiers that the deployment names."""

import logging
import os
from datetime import timedelta
from typing import Any

from airflow.sdk.module_loading import import_string

from trueup import statements, systems
from trueup.orchestration.connections import conninfo, is_connected
from trueup.systems import System

log = logging.getLogger(__name__)

# Comma-separated paths of functions that take a subject and a text, such as `alerts.to_slack`.
NOTIFIERS_VARIABLE = "TRUEUP_NOTIFIERS"
# How long after it was queued a nightly reconciliation is late.
NIGHT_TAKES = timedelta(hours=2)


def notify(subject: str, text: str) -> None:
    """Tell every notifier; one that fails is logged and keeps nobody else from hearing it."""
    log.error("%s: %s", subject, text)
    for name in filter(None, map(str.strip, os.environ.get(NOTIFIERS_VARIABLE, "").split(","))):
        try:
            import_string(name)(subject, text)
        except Exception:
            log.exception("The notifier %s failed", name)


def night_is_late(**_context: Any) -> None:
    """Say at whose books nobody has looked since the nightly reconciliation was queued.

    Airflow calls this after every run that did not succeed in time, a red one too: whose books
    were looked at has been told of already.
    """
    late = [system.name for system in systems.every() if not _was_looked_at(system)]
    if late:
        notify(
            "No nightly reconciliation",
            f"Nobody has looked at the books of {' and '.join(late)} in time. Look at the DAG "
            "nightly_reconciliation, the scheduler, and the databases it reads.",
        )


def _was_looked_at(system: System) -> bool:
    """Whether there is a night of the last hours; also where there is nothing to look at."""
    try:
        if not is_connected(system):
            return True
        with statements.connect(conninfo(system), "deadline") as connection:
            return statements.fetch_one(
                connection, "trueup/nightly/was_looked_at", system=system.name, within=NIGHT_TAKES
            ).found
    except Exception:
        # Whatever it is: nobody can say that somebody has looked.
        log.exception("Whether the books of %s were looked at cannot be told", system.name)
        return False
