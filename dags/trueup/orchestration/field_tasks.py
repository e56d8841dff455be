"""The steps of completing an older table's fields, as Airflow tasks."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException
from psycopg import Connection

from trueup import fields, migrations, systems
from trueup.errors import DataFailure, TrueupError
from trueup.fields import Filling
from trueup.orchestration import work
from trueup.orchestration.connections import conninfo
from trueup.orchestration.notifying import fail_check

log = logging.getLogger(__name__)

_STEPS = ("add_fields", "fill_fields", "require_fields", "verify_fields")
_ORDER = ("audit", "gate", *_STEPS, "take_back")


@task(task_id="audit", **work.RETRIES)
def audit_fields(system: str) -> dict[str, Any]:
    """Say which fields are missing, and whether every row could be filled; change nothing."""
    declared = systems.named(system)
    with _at_work(system, "audit") as connection:
        migrations.check_tables(conninfo(declared), declared, migrated=False, keyed=False)
        return fields.judge(connection, system, _filling())


@task.short_circuit(ignore_downstream_trigger_rules=False)
def gate(found: dict[str, Any]) -> bool:
    """Go on unless this is a dry run; the log says what there is to do."""
    log.info("%s", _to_do(found))
    return not get_current_context()["params"]["dry_run"]


@task(**work.RETRIES)
def add_fields(system: str) -> dict[str, Any]:
    """Add the missing fields, empty, with a trigger that fills what others write meanwhile."""
    with _at_work(system, "add fields") as connection:
        return fields.add(connection, system, _filling())


@task(**work.RETRIES)
def fill_fields(system: str) -> int:
    """Fill the rows in batches; what is filled is the checkpoint."""
    with _at_work(system, "fill fields") as connection:
        return fields.fill(connection, system, get_current_context()["params"]["batch_size"])


@task(**work.RETRIES)
def require_fields(system: str) -> list[str]:
    """Make the fields NOT NULL and references unique, while others write."""
    with _at_work(system, "require fields") as connection:
        return fields.require(connection, system)


@task(**work.RETRIES)
def verify_fields(system: str) -> list[str]:
    """Prove that what stood before is unchanged, and adopt the table as the ledger's."""
    declared = systems.named(system)
    with _at_work(system, "verify fields") as connection:
        fields.verify(connection, system)
        applied = migrations.migrate(connection, declared)
        migrations.check_tables(conninfo(declared), declared)
        return applied


@task(trigger_rule="one_failed", **work.RETRIES)
def take_back(system: str) -> dict[str, Any]:
    """Remove the fields again if the data failed; if the surroundings did, leave all as it is."""
    failures = get_current_context()["ti"].xcom_pull(task_ids=_STEPS, key="data_failure")
    if not any(failures or ()):
        raise AirflowSkipException(
            "No data broke a rule. What is done stands; the same trigger goes on."
        )
    with _at_work(system, "take fields back") as connection:
        return fields.take_back(connection, system)


@task(trigger_rule="all_done", **work.RETRIES)
def verdict() -> str:
    """Say how it ended, however it did; red when a step failed."""
    context = get_current_context()
    ti = context["ti"]
    states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id])[ti.run_id]
    failed = [name for name in _ORDER if states.get(name) == "failed"]
    if failed:
        reasons = (
            f"{name} failed: {ti.xcom_pull(task_ids=name, key='failure') or 'see its log.'}"
            for name in failed
        )
        sentence = " ".join([*reasons, _left(failed, ti.xcom_pull(task_ids="take_back"))])
        fail_check("The migration of fields broke off", sentence, work.attempt(context)[:2])
    if context["params"]["dry_run"]:
        found = ti.xcom_pull(task_ids="audit")
        sentence = f"Dry run, nothing was changed. {_to_do(found)}"
    else:
        added = ti.xcom_pull(task_ids="add_fields")["added"]
        sentence = (
            f"ledger_entries has all fields; {', '.join(added) or 'none'} were added. The trigger "
            "fill_ledger_entry fills them for writers that do not; drop it when all do."
        )
    log.info("%s", sentence)
    return sentence


def _to_do(found: dict[str, Any]) -> str:
    return (
        f"{found['rows']:,} rows. Fields to add: {', '.join(found['absent']) or 'none'}. "
        f"Fields to fill and require: {', '.join(found['open']) or 'none'}."
    )


def _left(failed: list[str], taken_back: dict[str, Any] | None) -> str:
    """How a failure left the table."""
    if not set(failed).intersection(_STEPS):
        return "This run changed nothing."
    if not taken_back:
        return "What is done stands; mend the cause, and the same trigger goes on."
    if "proof" not in taken_back:
        return "There was nothing to take back."
    return (
        f"All was taken back, removed: {', '.join(taken_back['removed']) or 'no field'}. The hash "
        f"of the rows of before: {taken_back['proof']}."
    )


def _filling() -> Filling:
    params = get_current_context()["params"]
    return Filling(**{name: params[name] for name in Filling.__dataclass_fields__})


@contextmanager
def _at_work(system: str, purpose: str) -> Iterator[Connection]:
    """Open a session, and make of a failure what Airflow should make of it."""
    try:
        with work.session(systems.named(system), purpose) as connection:
            yield connection
    except (psycopg.Error, TrueupError) as error:
        named = work.name_failure(error)
        ti = get_current_context()["ti"]
        ti.xcom_push(key="failure", value=str(named))
        if isinstance(named, DataFailure):
            ti.xcom_push(key="data_failure", value=str(named))
        work.give_up(named)
