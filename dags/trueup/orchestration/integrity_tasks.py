"""The health check of the wallets, as Airflow tasks."""

import logging
from datetime import timedelta
from typing import Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from trueup import integrity, systems
from trueup.orchestration import work
from trueup.orchestration.connections import is_connected
from trueup.orchestration.notifying import check_failed

log = logging.getLogger(__name__)

_RETRIES = {"retries": 2, "retry_delay": timedelta(seconds=5)}


@task(**_RETRIES)
def check(system: str) -> dict[str, Any]:
    """Look at every wallet in one snapshot, print the report, and keep it."""
    with work.in_books(systems.named(system), "integrity") as connection:
        health = integrity.check(connection)
    for line in integrity.lines(health):
        log.info("%s", line)
    return {
        "run_id": health.run_id,
        "drift_count": health.figures["drifting_users"],
        "is_clean": health.is_clean,
        "sentence": f"{integrity.sentence(health)} The report is row {health.run_id} of "
        "ledger_reconciliation_runs.",
    }


@task(trigger_rule="all_done", **_RETRIES)
def verdict(system: str, checked: dict[str, Any] | None) -> str:
    """Fail, and tell whoever is on call, when something is wrong, or nobody could look."""
    if not is_connected(systems.named(system)):
        raise AirflowSkipException(f"{system} was not looked at: there is no connection to it.")
    airflow_run = work.attempt(get_current_context())[:2]
    if not checked:
        sentence = "Nobody could look at the wallets; the logs of audit and check say why."
        check_failed("No look at the wallets", sentence, airflow_run)
        raise AirflowFailException(sentence)
    if not checked["is_clean"]:
        check_failed("The wallets are broken", checked["sentence"], airflow_run)
        raise AirflowFailException(checked["sentence"])
    log.info("%s", checked["sentence"])
    return checked["sentence"]
