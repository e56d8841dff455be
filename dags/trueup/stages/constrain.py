"""Builds what an initial load took away; applies the balance constraints and proves them."""

import logging
from typing import Any

import psycopg
from psycopg import Connection

from trueup import journal, regime, statements, steps
from trueup.errors import DataFailure
from trueup.journal import Run
from trueup.systems.declaration import Constraint

log = logging.getLogger(__name__)


def constrain(connection: Connection, run: Run) -> dict[str, Any]:
    """End the run's exemption from the overdraft rule, and see every rule of the system enforced.

    Raises DataFailure when an account would break a rule, or when a rule does not bite. Safe to
    repeat: a constraint that stands is only validated and proved.
    """
    journal.check_all_posted(connection, run)
    if journal.is_cut_over(run):
        return {"constraints": len(run.system.constraints), "created": []}
    _restore_tables(connection, run)
    _end_exemption(connection, run)
    standing = {
        row.name: row
        for row in statements.fetch_all(connection, _sql(run, "constrain/list_constraints"))
    }
    created = [
        constraint for constraint in run.system.constraints if constraint.full_name not in standing
    ]
    for constraint in created:
        _add(connection, run, constraint)
    for constraint in run.system.constraints:
        _validate(connection, run, constraint)
        _prove(connection, run, constraint)
    names = [constraint.full_name for constraint in created]
    journal.log(
        connection,
        run,
        f"{len(run.system.constraints)} constraints hold and refuse a probe; {len(names)} are new.",
        created=names,
    )
    return {"constraints": len(run.system.constraints), "created": names}


def _restore_tables(connection: Connection, run: Run) -> None:
    """Build the keys and indexes that an initial load took away."""
    try:
        regime.restore_tables(connection, run)
    except psycopg.IntegrityError as error:
        raise DataFailure(
            f"What was loaded breaks a key that stood before: {str(error).splitlines()[0]}."
        ) from error


def _end_exemption(connection: Connection, run: Run) -> None:
    """Who may not overdraw and stands below zero now is a break, and a failure of the data."""
    overdrawn = steps.fetch_all(connection, run, "constrain/list_overdrawn", run_id=run.run_id)
    with connection.transaction():
        for row in overdrawn:
            journal.add_break(
                connection, run, row.account_id, row.currency_code,
                compared_with="overdraft", expected="0", actual=row.available_balance,
                cause="insufficient_funds",
            )  # fmt: skip
    if overdrawn:
        statements.execute(connection, "trueup/journal/save_breaks", run_id=run.run_id)
        first = overdrawn[0]
        raise DataFailure(
            f"insufficient_funds: {len(overdrawn)} accounts that may not overdraw end below zero; "
            f"the first is {first.account_id} with {first.available_balance} {first.currency_code}."
        )
    steps.execute(connection, run, "constrain/clear_exemption", run_id=run.run_id)


def _add(connection: Connection, run: Run, constraint: Constraint) -> None:
    """Add the rule for new rows, and remember in the same transaction that this run did."""
    with connection.transaction():
        statements.execute(connection, _sql(run, f"constrain/add_{constraint.name}"))
        statements.execute(
            connection,
            "trueup/journal/insert_created_object",
            run_id=run.run_id,
            kind="constraint",
            table_name=constraint.table,
            name=constraint.full_name,
        )
    log.info("Added %s", constraint.full_name)


def _validate(connection: Connection, run: Run, constraint: Constraint) -> None:
    try:
        statements.execute(connection, _sql(run, f"constrain/validate_{constraint.name}"))
    except psycopg.IntegrityError as error:
        raise DataFailure(
            f"Rows that stand break {constraint.full_name}: {str(error).splitlines()[0]}. The "
            "audit and the quarantine list what is known of them. Mend them, then run again."
        ) from error


def _prove(connection: Connection, run: Run, constraint: Constraint) -> None:
    """See the rule refuse a probe row; the transaction takes the probe away again."""
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


def _sql(run: Run, name: str) -> str:
    return f"{run.system.name}/{name}"
