"""The health check of the wallets, as Airflow tasks."""

import logging
from datetime import timedelta
from typing import Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from trueup import integrity, systems
from trueup.orchestration import work
from trueup.orchestration.notifying import night_failed

log = logging.getLogger(__name__)

_RETRIES = {"retries": 2, "retry_delay": timedelta(seconds=5)}


@task(**_RETRIES)
def check(system: str) -> dict[str, Any]:
    """Look at every wallet in one snapshot, print the report, and keep it."""
    with work.in_books(systems.named(system), "integrity") as connection:
        health = integrity.check(connection)
    for line in integrity.lines(health):
        log.info("%s", line)
    return {"run_id": health.run_id, "drift_count": health.figures["drifting_users"]}


@task
def verdict(system: str, checked: dict[str, Any]) -> str:
    """Fail, and tell whoever is on call, when something is wrong with the wallets."""
    with work.in_books(systems.named(system), "verdict") as connection:
        health = integrity.read(connection, checked["run_id"])
    sentence = (
        f"{integrity.sentence(health)} The report is row {health.run_id} of "
        "ledger_reconciliation_runs."
    )
    if not health.is_clean:
        airflow_run = work.attempt(get_current_context())[:2]
        night_failed("The wallets are broken", sentence, airflow_run)
        raise AirflowFailException(sentence)
    log.info("%s", sentence)
    return sentence
