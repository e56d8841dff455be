"""What the wallets' DAGs share, reversals and statements, as Airflow tasks."""

import logging
from datetime import date
from typing import Any

from airflow.sdk import get_current_context, task

from trueup import migrations, systems, wallet_reversal, wallet_statement
from trueup.orchestration import work
from trueup.orchestration.connections import conninfo, reports_folder, skip_unless_connected

log = logging.getLogger(__name__)


@task(**work.RETRIES)
def audit(system: str, skip_unconnected: bool = False) -> list[str]:
    """Bring the schema up to date; give the names of what was applied.

    skip_unconnected: a schedule comes also where nobody has wallets.
    """
    declared = systems.named(system)
    if skip_unconnected:
        skip_unless_connected(declared)
    with work.in_books(declared, "audit") as connection:
        applied = migrations.adopt(connection, conninfo(declared), declared)
    log.info("%d migrations applied", len(applied))
    return applied


@task(**work.RETRIES)
def reverse(system: str) -> dict[str, Any]:
    """Reverse a transaction, or show what that would book.

    The reference is this Airflow run's own, so that a task that is tried again after its commit
    finds its work done.
    """
    context = get_current_context()
    params = context["params"]
    with work.in_books(systems.named(system), "reversal") as connection:
        reversal = wallet_reversal.reverse(
            connection,
            params["transaction_id"].strip(),
            params["reason"].strip(),
            f"{context['dag'].dag_id}:{context['dag_run'].run_id}",
            dry_run=params["dry_run"],
        )
    for line in wallet_reversal.lines(reversal):
        log.info("%s", line)
    return {
        "reversal_id": None if reversal.dry_run else reversal.reversal_id,
        "entries": len(reversal.legs),
        "sentence": wallet_reversal.lines(reversal)[0],
    }


@task(**work.RETRIES)
def write_statement(system: str) -> dict[str, Any]:
    """Write and prove the statement; the log says where it lies."""
    params = get_current_context()["params"]
    with work.in_books(systems.named(system), "statement") as connection:
        statement = wallet_statement.export(
            connection,
            params["user_id"],
            date.fromisoformat(params["from_date"]),
            date.fromisoformat(params["to_date"]),
            reports_folder() / "wallet_statements",
        )
    return {
        **statement._asdict(),
        "path": str(statement.path),
        "sentence": wallet_statement.sentence(statement),
    }


@task
def verdict(done: dict[str, Any]) -> str:
    """Say in a sentence how it ended."""
    log.info("%s", done["sentence"])
    return done["sentence"]
