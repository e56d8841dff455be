"""The steps of a release of vesting lots, as Airflow tasks."""

import logging
import uuid
from datetime import UTC, date, datetime
from typing import Any

from airflow.sdk import get_current_context, task

from trueup import migrations, systems
from trueup import release as releases
from trueup.orchestration import work
from trueup.orchestration.connections import conninfo
from trueup.orchestration.notifying import fail_check
from trueup.release import Job

log = logging.getLogger(__name__)


@task(**work.RETRIES)
def audit(system: str) -> dict[str, Any]:
    """Bring the schema up to date, and fix what is asked: the day, the limit, the trace id.

    The trace id is drawn from the Airflow run's own id, so that a cleared task goes on with it.
    """
    declared = systems.named(system)
    context = get_current_context()
    dag_run, params = context["dag_run"], context["params"]
    with work.in_books(declared, "audit") as connection:
        migrations.adopt(connection, conninfo(declared), declared)
    trace_id = uuid.uuid5(uuid.NAMESPACE_URL, f"trueup:{context['dag'].dag_id}:{dag_run.run_id}")
    return {
        "trace_id": str(trace_id),
        "as_of_date": params["as_of_date"] or datetime.now(UTC).date().isoformat(),
        "currency": params["currency"],
        "max_lots": params["max_lots"],
        "dry_run": is_dry_run(context),
    }


@task(**work.RETRIES)
def release(system: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Release mature lots; the log has a line a lot, and why one was left as it was."""
    job = Job(
        uuid.UUID(asked["trace_id"]),
        date.fromisoformat(asked["as_of_date"]),
        asked["currency"],
        asked["max_lots"],
        asked["dry_run"],
    )
    with work.in_books(systems.named(system), f"release {job.trace_id}") as connection:
        summary = releases.release(connection, job)
    for line in releases.lines(summary):
        log.info("%s", line)
    for lot in [*summary.of("LEFT"), *summary.warnings]:
        log.warning("%s", lot.sentence(job.dry_run))
    return {
        "released": len(summary.of("RELEASED")),
        "amount": str(summary.released_amount),
        "left": len(summary.of("LEFT")),
        "skipped": len(summary.of("SKIPPED")),
        "warnings": len(summary.warnings),
        "remaining": summary.remaining,
    }


@task(trigger_rule="all_done", **work.RETRIES)
def verdict(asked: dict[str, Any] | None, done: dict[str, Any] | None) -> str:
    """Say in a sentence how it ended, and where the exceptions stand; tell when it broke off."""
    if not (asked and done):
        fail_check(
            "The release of vesting lots broke off",
            "The release of vesting lots broke off; the logs of audit and release say why. What "
            "was committed stands, and clearing the task that failed goes on from there.",
            work.attempt(get_current_context())[:2],
        )
    sentence = (
        f"{done['released']} lots {'would be' if asked['dry_run'] else 'were'} released "
        f"({done['amount']} {asked['currency']}), {done['left']} left as they were, "
        f"{done['warnings']} warnings, {done['remaining']} not looked at."
    )
    if not asked["dry_run"]:
        sentence += (
            f" Each one's reason stands in vesting_release_outcomes, trace id {asked['trace_id']}."
        )
    log.info("%s", sentence)
    return sentence


def is_dry_run(context: work.Context) -> bool:
    """Whether money stays where it is: what a person asked for; the schedule always pays out.

    Nobody sits at a form when the schedule comes, and the param has the default for people.
    """
    scheduled = str(context["dag_run"].run_type).endswith("scheduled")
    return context["params"]["dry_run"] and not scheduled
