"""The nightly look at the books, as Airflow tasks."""

import logging

from airflow.sdk import get_current_context, task

from trueup import migrations, systems
from trueup.orchestration import metrics, work
from trueup.orchestration.connections import conninfo, reports_folder, skip_unless_connected
from trueup.orchestration.notifying import fail_check

log = logging.getLogger(__name__)


@task(**work.RETRIES)
def look(system: str) -> str:
    """Look at a system's books in one snapshot, keep what was found, and give the night's id."""
    from trueup import nights

    context = get_current_context()
    declared = systems.named(system)
    skip_unless_connected(declared)
    with work.in_books(declared, "night") as connection:
        migrations.adopt(connection, conninfo(declared), declared)
        night = nights.look(
            connection,
            declared,
            context["dag"].dag_id,
            context["dag_run"].run_id,
            learn_anew=context["params"]["learn_openings"],
        )
    sentence = nights.sentence(night)
    log.info("%s", sentence)
    metrics.of_night(night)
    # What was found is told though the database is away by then.
    context["ti"].xcom_push(key="broken", value=None if night.is_clean else sentence)
    return night.night_id


@task(**work.RETRIES)
def report(system: str, night_id: str) -> dict[str, str]:
    """Write a night's Data Docs and its report; the log says where."""
    from trueup import expectations, nights
    from trueup.report import night as report_of

    declared = systems.named(system)
    with work.session(declared, f"report {night_id}") as connection:
        night = nights.read(connection, night_id)
        asked = expectations.ask(
            connection,
            expectations.Subject(night_id, "trueup", {"run_id": night_id}, {}),
            expectations.suites_of(f"{system}_nightly"),
            conninfo(declared),
            reports_folder() / "data_docs",
        )
        found = nights.findings(connection, night_id)
        written = report_of.write(night, found, asked.index, reports_folder())
    for kind, path in written.items():
        log.info("Report (%s): %s", kind, path)
    return written


@task(trigger_rule="all_done", **work.RETRIES)
def verdict(system: str) -> str:
    """Fail, and tell whoever is on call, when something is wrong with a system's books.

    Also when the night could not be reported: what was found is told all the same.
    """
    skip_unless_connected(systems.named(system))
    context = get_current_context()
    airflow_run = work.attempt(context)[:2]
    ti = context["ti"]
    night_id = ti.xcom_pull(task_ids=f"{system}.look")
    if not night_id:
        fail_check(
            f"No look at the books of {system}",
            f"Nobody could look at the books of {system}; the log of {system}.look says why.",
            airflow_run,
        )
    broken = ti.xcom_pull(task_ids=f"{system}.look", key="broken")
    if broken:
        fail_check(f"The books of {system} are broken", broken, airflow_run)
    if not ti.xcom_pull(task_ids=f"{system}.report"):
        fail_check(
            f"No report of the books of {system}",
            f"The books of {system} are clean, but night {night_id} has no report; the log of "
            f"{system}.report says why.",
            airflow_run,
        )
    return f"Nothing critical was found in night {night_id}."
