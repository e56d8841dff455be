"""Alerts: a sentence for whoever is on call, through notifiers that the deployment names."""

import logging
import os
from typing import Any

from airflow.sdk.module_loading import import_string

log = logging.getLogger(__name__)

# Comma-separated paths of functions that take a subject and a text, such as `alerts.to_slack`.
NOTIFIERS_VARIABLE = "TRUEUP_NOTIFIERS"


def notify(subject: str, text: str) -> None:
    """Tell every notifier; one that fails is logged and keeps nobody else from hearing it."""
    log.error("%s: %s", subject, text)
    for name in filter(None, map(str.strip, os.environ.get(NOTIFIERS_VARIABLE, "").split(","))):
        try:
            import_string(name)(subject, text)
        except Exception:
            log.exception("The notifier %s failed", name)


def night_is_late(**_context: Any) -> None:
    """Say that the nightly reconciliation is not done when it should be."""
    notify(
        "No nightly reconciliation",
        "The nightly reconciliation has not finished in time: nobody has looked at the books. Look "
        "at the DAG nightly_reconciliation, the scheduler, and the databases it reads.",
    )
