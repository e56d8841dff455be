"""The stages as Airflow tasks. A task takes the system's name and finds its run by itself."""

import logging
from contextlib import suppress
from importlib import import_module
from typing import Any

import psycopg
from airflow.sdk import get_current_context, task
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import AirflowFailException
from psycopg import Connection

from trueup import (
    fingerprints,
    journal,
    migrations,
    opening,
    posting,
    regime,
    systems,
)
from trueup.errors import OperationalFailure, Refused, TrueupError
from trueup.orchestration import lineage, metrics, notifying, work
from trueup.orchestration.approval import heed, is_approved
from trueup.orchestration.connections import backups_folder, conninfo, endpoint, reports_folder
from trueup.plan import Plan
from trueup.run_state import FINISHED, GREEN, Status
from trueup.sources import files
from trueup.systems import System

log = logging.getLogger(__name__)


@task(**work.RETRIES)
def audit(system: str) -> dict[str, Any]:
    """Check the plan, bring the schema up to date, open or resume the run, look at the books."""
    from trueup.stages.audit import audit as stage

    context = get_current_context()
    declared = systems.named(system)
    params = dict(context["params"])
    # OpenLineage's provider puts a note of its own among what one DAG asks of another.
    params.pop("openlineage", None)
    with work.session(declared, "audit") as connection:
        try:
            applied = migrations.adopt(connection, conninfo(declared), declared)
            plan = Plan.from_params(params)
            located = files.locate(plan, endpoint)
            run = opening.open_run(
                connection,
                declared,
                plan,
                opening.Source(
                    plan.source, plan.logical_source, plan.source_type,
                    located.fingerprint, located.mapping.fingerprint,
                ),
                work.attempt(context),
                fingerprints.of_posting_code(system),
                work.is_alive(context),
            )  # fmt: skip
        except Refused as refusal:
            log.error("%s", refusal)
            # Without a journal, or with one of another version, there is nowhere to write it down.
            with suppress(psycopg.Error):
                refused = opening.refuse_run(
                    connection, declared, params, work.attempt(context), str(refusal)
                )
                context["ti"].xcom_push(key="run_id", value=refused)
            raise AirflowFailException(str(refusal)) from None
        journal.add_figures(connection, run, given=_given(context["dag"].params, params))
    context["ti"].xcom_push(key="run_id", value=run.run_id)
    log.info("Run %s, %d migrations applied", run.run_id, len(applied))
    if run.row.failure == "data":
        raise AirflowFailException(f"Run {run.run_id} is on its way back: {run.row.message}")
    with work.at_work(declared, context, "audit", Status.AUDITING) as (connection, run):
        return {"run_id": run.run_id, **stage(connection, run, located, backups_folder())}


@task(task_id="audit", **work.RETRIES)
def audit_rollback() -> dict[str, Any]:
    """Bring the schema up to date, find the run to take back, and see that nobody works on it."""
    context = get_current_context()
    wanted = context["params"]["run_id"].strip()
    declared = _system_of(wanted)
    with work.session(declared, f"rollback {wanted}") as connection:
        try:
            migrations.migrate(connection, declared)
            run = opening.adopt_run(
                connection, wanted, work.attempt(context), work.is_alive(context)
            )
        except TrueupError as refusal:
            log.error("%s", refusal)
            raise AirflowFailException(str(refusal)) from None
    context["ti"].xcom_push(key="run_id", value=run.run_id)
    return {"run_id": run.run_id, "status": run.status}


@task.short_circuit(**work.RETRIES)
def control() -> dict[str, Any]:
    """Pause a run, or say which DAG must be triggered with which params; nothing after a pause.

    A replay is a backfill of its own, whichever DAG the rows came through.
    """
    params = get_current_context()["params"]
    wanted = params["run_id"].strip()
    declared = _system_of(wanted)
    with work.session(declared, f"control {wanted}") as connection:
        try:
            if params["action"] == "pause":
                opening.pause_run(connection, wanted)
                return {}
            run = journal.read_run(connection, wanted)
            if params["action"] == "replay":
                conf = opening.params_to_replay(run, params["dry_run"])
                return {"dag_id": declared.backfill, "conf": conf}
            return {"dag_id": run.row.dag_id, "conf": opening.params_to_resume(run)}
        except TrueupError as refusal:
            log.error("%s", refusal)
            raise AirflowFailException(str(refusal)) from None


@task(**work.RETRIES)
def ingest(system: str) -> dict[str, Any]:
    """Stream the source into staging."""
    from trueup.stages.ingest import ingest as stage

    with work.at_work(systems.named(system), get_current_context(), "ingest", Status.INGESTING) as (
        connection,
        run,
    ):
        return stage(connection, run, _files(run))


@task(**work.RETRIES)
def validate(system: str) -> dict[str, Any]:
    """Sort the rows into postable, replayed and quarantined."""
    from trueup.stages.validate import validate as stage

    with work.at_work(
        systems.named(system), get_current_context(), "validate", Status.VALIDATING
    ) as (connection, run):
        return stage(connection, run, _files(run))


@task.branch(**work.RETRIES)
def gate(system: str, posting: str = "open_posting") -> str:
    """Go on to the end of a dry run, to a person's approval, or to where posting begins."""
    context = get_current_context()
    with work.at_work(systems.named(system), context, "validate") as (connection, run):
        if run.plan.dry_run:
            return "preview"
        if run.plan.approval == "auto" or is_approved(run):
            return posting
        journal.move(connection, run, Status.AWAITING_APPROVAL)
        return "approve"


@task(**work.RETRIES)
def preview(system: str) -> dict[str, Any]:
    """Execute a part for real, take it back, and close the dry run."""
    return _run_stage(system, "preview")


@task(trigger_rule="none_failed_min_one_success", **work.RETRIES)
def back_up(system: str) -> dict[str, Any]:
    """Back the database up before anything is written to it, and prove that it restores."""
    from trueup.stages.back_up import back_up as stage

    context = get_current_context()
    declared = systems.named(system)
    with work.at_work(declared, context, "back_up") as (connection, run):
        run = _enter_posting(connection, run, context)
        return stage(connection, run, conninfo(declared), backups_folder())


@task(trigger_rule="none_failed_min_one_success", **work.RETRIES)
def open_posting(system: str) -> list[int]:
    """Take the state hash, create accounts, fix the bounds; give the numbers of the key ranges."""
    context = get_current_context()
    with work.at_work(systems.named(system), context, "post") as (connection, run):
        run = _enter_posting(connection, run, context)
        posting.open_posting(connection, run)
        return [each.range_no for each in journal.ranges(connection, run)]


@task(**work.RETRIES)
def post(system: str, range_no: int) -> dict[str, Any]:
    """Post one range of keys from its checkpoint to its bound; give the last checkpoint."""
    from trueup.stages.post import post as stage

    declared = systems.named(system)
    with work.at_work(declared, get_current_context(), "post", Status.POSTING) as (connection, run):
        connect = work.connector(declared, f"post {run.run_id} {range_no}")
        posted = stage(connect, run, range_no, _files(run) if regime.is_initial(run) else None)
        metrics.of_runs(connection, declared)
        return posted


@task(**work.RETRIES)
def catch_up(system: str, checkpoints: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Post what came into the source since it was read; give the last checkpoints."""
    from trueup.stages.catch_up import catch_up as stage

    log.info("%d ranges are posted", len(checkpoints))
    declared = systems.named(system)
    with work.at_work(declared, get_current_context(), "post", Status.POSTING) as (
        connection,
        run,
    ):
        return stage(connection, work.connector(declared, f"guard {run.run_id}"), run)


@task(**work.RETRIES)
def check_balances(system: str, checkpoints: list[dict[str, Any]]) -> dict[str, Any]:
    """See that every row is accounted for and every balance follows from its entries."""
    # By index: iterating, Airflow asks for one more than there is and logs that as an error.
    for number in range(len(checkpoints)):
        log.info("Checkpoint: %s", checkpoints[number])
    return _run_stage(system, "check_balances")


@task(**work.RETRIES)
def constrain(system: str) -> dict[str, Any]:
    """Apply the balance constraints and prove that they bite."""
    return _run_stage(system, "constrain", Status.CONSTRAINING)


@task(**work.RETRIES)
def expect(system: str) -> dict[str, Any]:
    """Run the Great Expectations suites and write their Data Docs."""
    from trueup.stages.expect import expect as stage

    declared = systems.named(system)
    with work.at_work(declared, get_current_context(), "expect", Status.EXPECTING) as (
        connection,
        run,
    ):
        return stage(connection, run, conninfo(declared), reports_folder() / "data_docs")


@task(**work.RETRIES)
def reconcile(system: str) -> dict[str, Any]:
    """Find every break between the books, their entries and the source's own balances."""
    return _run_stage(system, "reconcile", Status.RECONCILING)


@task(**work.RETRIES)
def deliver(system: str) -> dict[str, int]:
    """Deliver our own entries to the other ledger; give the outbox by status."""
    from trueup.dual_ledger import deliver as send

    with work.at_work(systems.named(system), get_current_context(), "deliver") as (
        connection,
        run,
    ):
        return send(connection, run, endpoint(run.plan.source_connection))


@task(**work.RETRIES)
def compare(system: str) -> dict[str, Any]:
    """Hold both ledgers against each other, reference by reference where they differ."""
    from trueup.dual_ledger import compare as hold

    with work.at_work(systems.named(system), get_current_context(), "compare") as (
        connection,
        run,
    ):
        return hold(connection, run, endpoint(run.plan.source_connection))


@task(**work.RETRIES)
def cut_over(system: str) -> dict[str, Any]:
    """Switch those who use the books over to the new schema, in one short transaction."""
    return _run_stage(system, "cut_over", Status.RECONCILING)


@task(**work.RETRIES)
def document(system: str) -> int:
    """Write every correction into the audit log, and give how many."""
    from trueup.corrections import document as write

    with work.at_work(systems.named(system), get_current_context(), "document") as (
        connection,
        run,
    ):
        return write(connection, run)


@task.branch(trigger_rule="all_done", **work.RETRIES)
def outcome(system: str, last: str) -> str | None:
    """When nothing works any more: complete the run, take it back, or leave it resumable.

    Only what ran to the end of its `last` task is complete.
    """
    from trueup.stages.interrupt import interrupt

    context = get_current_context()
    with work.at_work(systems.named(system), context, "outcome") as (connection, run):
        if run.status in FINISHED:
            return None
        if run.row.failure == "data" or run.status == Status.ROLLING_BACK:
            return "roll_back"
        if context["ti"].xcom_pull(task_ids=last) is not None:
            return "complete"
        interrupt(connection, run)
        return None


@task(**work.RETRIES)
def complete(system: str) -> dict[str, Any]:
    """Close the run, and tell DAGs that follow the system's books what it brought."""
    from trueup.stages.complete import complete as stage

    context = get_current_context()
    with work.at_work(systems.named(system), context, "complete") as (connection, run):
        counts = stage(connection, run)
        run = journal.read_run(connection, run.run_id)
        context["outlet_events"][lineage.books_of(system)].extra = lineage.totals(run, counts)
        lineage.collect(connection, run)
        return counts


@task(**work.RETRIES)
def roll_back(system: str | None = None) -> dict[str, Any]:
    """Take the run back, and prove it: by hashes, or by the trial balance if reversed."""
    from trueup.stages.restore import RESTORE, Surroundings, restore
    from trueup.stages.roll_back import DELETE
    from trueup.stages.roll_back import roll_back as stage

    context = get_current_context()
    declared, mode = _declared(system), context["params"].get("mode", DELETE)
    cancel = context["params"].get("cancel_sessions", False)
    with work.at_work(declared, context, "roll_back") as (connection, run):
        if mode == RESTORE:
            around = Surroundings(conninfo(declared), backups_folder(), cancel)
            return restore(connection, run, around)
        return stage(connection, run, mode, cancel)


@task(trigger_rule="all_done", **work.RETRIES)
def report(system: str | None = None) -> dict[str, str]:
    """Write what happened, for people and for programs; the log says where."""
    from trueup.stages.report import report as stage

    declared = _declared(system)
    found = work.run_id(get_current_context())
    with work.session(declared, f"report {found}") as connection:
        written = stage(connection, journal.read_run(connection, found), reports_folder())
    for kind, path in written.items():
        log.info("Report (%s): %s", kind, path)
    return written


@task(trigger_rule="all_done", **work.RETRIES)
def verdict(system: str | None = None, green: list[str] = GREEN) -> str:
    """Fail the DAG run unless its run ended as it should: a rolled back backfill is red.

    Whoever is on call is told, but of a pause: a person asked for that. It is tried again only if
    nobody took the alert, and then judges the run as it stands by then.
    """
    context = get_current_context()
    airflow_run = work.attempt(context)[:2]
    heard = True
    try:
        found = work.run_id(context)
        declared = _declared(system)
        with work.session(declared, f"verdict {found}") as connection:
            run = journal.read_run(connection, found)
            metrics.of_runs(connection, declared)
            if run.status not in green and run.status != Status.PAUSED:
                dry_run = bool(context["params"].get("dry_run"))
                heard = notifying.run_failed(connection, run, airflow_run, dry_run=dry_run)
    except Exception as unknown:
        notifying.give_up(str(unknown), heard=notifying.run_unknown(str(unknown), airflow_run))
    sentence = f"Run {found} is {run.status}. {run.row.message or ''}"
    if run.status not in green:
        log.error("%s", sentence)
        notifying.give_up(sentence, heard=heard)
    log.info("%s", sentence)
    return sentence


def _given(form: ParamsDict, params: dict[str, Any]) -> list[str]:
    """The names of the params that are not what the DAG's form has by default."""
    aside = ("dry_run", "approved_digest")
    return [
        name
        for name, value in params.items()
        if name not in aside and (name not in form or form.get_param(name).value != value)
    ]


def _declared(system: str | None) -> System:
    """The system of that name; without one, that of the run that the params name."""
    if system:
        return systems.named(system)
    return _system_of(get_current_context()["params"]["run_id"].strip())


def _system_of(run_id: str) -> System:
    """The system that a run belongs to; a failure that no second try mends when there is none."""
    try:
        return systems.of_run(run_id)
    except Refused as refusal:
        log.error("%s", refusal)
        raise AirflowFailException(str(refusal)) from None


def _run_stage(system: str, name: str, status: Status | None = None) -> dict[str, Any]:
    """Run `stages/<name>.py` on this Airflow run's run.

    Imported here, in the task: parsing a DAG file must not wait for pandas or Great Expectations.
    """
    stage = getattr(import_module(f"trueup.stages.{name}"), name)
    with work.at_work(systems.named(system), get_current_context(), name, status) as (
        connection,
        run,
    ):
        return stage(connection, run)


def _enter_posting(connection: Connection, run: journal.Run, context: work.Context) -> journal.Run:
    """Move a run that may post to where it does; the verdicts that were approved stand by then.

    Raises what `heed` raises, and OperationalFailure when `validate` was cleared, and has formed
    others meanwhile.
    """
    heed(run, context["ti"].xcom_pull(task_ids="approve"))
    moved = journal.move(connection, run, Status.POSTING)
    if moved.row.digest != run.row.digest:
        raise OperationalFailure(
            f"Digest {run.row.digest} became {moved.row.digest} at the last moment. Trigger the "
            "same again."
        )
    return moved


def _files(run: journal.Run) -> files.SourceFiles:
    """The run's files, unchanged since its audit."""
    located = files.locate(run.plan, endpoint)
    if located.fingerprint != run.row.source_fingerprint:
        raise Refused(
            f"{run.plan.source} was changed while the run was working on it. Nothing more is read; "
            "trigger the DAG anew when the file is final."
        )
    return located
