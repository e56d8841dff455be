"""The health check of the wallets, as Airflow tasks."""

import logging
from typing import Any

from airflow.sdk import get_current_context, task

from trueup import integrity, systems
from trueup.orchestration import work
from trueup.orchestration.connections import skip_unless_connected
from trueup.orchestration.notifying import fail_check

log = logging.getLogger(__name__)


@task(**work.RETRIES)
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


@task(trigger_rule="all_done", **work.RETRIES)
def verdict(system: str, checked: dict[str, Any] | None) -> str:
    """Fail, and tell whoever is on call, when something is wrong, or nobody could look."""
    skip_unless_connected(systems.named(system))
    airflow_run = work.attempt(get_current_context())[:2]
    if not checked:
        fail_check(
            "No look at the wallets",
            "Nobody could look at the wallets; the logs of audit and check say why.",
            airflow_run,
        )
    if not checked["is_clean"]:
        fail_check("The wallets are broken", checked["sentence"], airflow_run)
    log.info("%s", checked["sentence"])
    return checked["sentence"]
