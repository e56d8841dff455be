"""A rule of a system: applied to new rows, checked on those that stand, tried, and taken back."""

import logging

import psycopg
from psycopg import Connection

from trueup import statements, steps
from trueup.errors import DataFailure
from trueup.journal import Run
from trueup.systems.declaration import Constraint

log = logging.getLogger(__name__)


def add(connection: Connection, run: Run, constraint: Constraint) -> None:
    """Add the rule for new rows, and remember in the same transaction that this run did."""
    with connection.transaction():
        statements.execute(connection, _sql(run, f"constrain/add_{constraint.name}"))
        statements.execute(
            connection, "trueup/journal/insert_created_object", **_created(run, constraint)
        )
    log.info("Added %s", constraint.full_name)


def drop(connection: Connection, run: Run, constraint: Constraint) -> None:
    """Take a rule back that this run added, and that it did, in the same transaction."""
    with connection.transaction():
        statements.execute(connection, _sql(run, f"roll_back/drop_{constraint.name}"))
        statements.execute(
            connection, "trueup/journal/delete_created_object", **_created(run, constraint)
        )


def validate(connection: Connection, run: Run, constraint: Constraint) -> None:
    """Check every row that stands. Raises DataFailure when one breaks the rule."""
    try:
        statements.execute(connection, _sql(run, f"constrain/validate_{constraint.name}"))
    except psycopg.IntegrityError as error:
        raise DataFailure(
            f"Rows that stand break {constraint.full_name}: {str(error).splitlines()[0]}. The "
            "audit and the quarantine list what is known of them. Mend them, then run again."
        ) from error


def prove(connection: Connection, run: Run, constraint: Constraint) -> None:
    """See the rule refuse a probe row; the transaction takes the probe away again.

    Raises DataFailure when it lets it pass, or when something else refused it.
    """
    probe = f"trueup probe {run.run_id}"
    try:
        with connection.transaction() as attempt:
            steps.execute(connection, run, "constrain/insert_probe", probe=probe)
            statements.execute(
                connection, _sql(run, f"constrain/probe_{constraint.name}"), probe=probe
            )
            raise psycopg.Rollback(attempt)
    except psycopg.IntegrityError as error:
        if error.diag.constraint_name == constraint.full_name:
            return
        raise DataFailure(
            f"A probe of {constraint.full_name} was refused by {error.diag.constraint_name}."
        ) from error
    raise DataFailure(f"{constraint.full_name} stands, but it let a row pass that breaks it.")


def _created(run: Run, constraint: Constraint) -> dict[str, str]:
    """A rule among what a run has created."""
    return {
        "run_id": run.run_id,
        "kind": "constraint",
        "table_name": constraint.table,
        "name": constraint.full_name,
    }


def _sql(run: Run, name: str) -> str:
    return f"{run.system.name}/{name}"
