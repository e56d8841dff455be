"""Builds what an initial load took away; applies the balance constraints and proves them."""

import logging
from typing import Any

import psycopg
from psycopg import Connection

from trueup import journal, regime, rules, statements, steps
from trueup.errors import DataFailure
from trueup.journal import Run
from trueup.systems.declaration import Constraint

log = logging.getLogger(__name__)


def constrain(connection: Connection, run: Run) -> dict[str, Any]:
    """End the run's exemption from the overdraft rule, and see every rule of the system enforced.

    Raises DataFailure when an account would break a rule, or when a rule does not bite. Safe to
    repeat: a constraint that stands is only validated and proved. Of a rule that comes with the
    cutover it is seen that no row breaks it: until then the app's own schema says what is refused.
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
    applied = [each for each in run.system.constraints if not each.at_cutover]
    to_come = [each for each in run.system.constraints if each.at_cutover]
    created = [constraint for constraint in applied if constraint.full_name not in standing]
    for constraint in created:
        rules.add(connection, run, constraint)
    for constraint in applied:
        rules.validate(connection, run, constraint)
        rules.prove(connection, run, constraint)
    for constraint in to_come:
        _refuse_breaking(connection, run, constraint)
    names = [constraint.full_name for constraint in created]
    journal.log(
        connection,
        run,
        f"{len(applied)} constraints hold and refuse a probe; {len(names)} are new."
        + (f" No row breaks the {len(to_come)} that come with the cutover." if to_come else ""),
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


def _refuse_breaking(connection: Connection, run: Run, constraint: Constraint) -> None:
    """Raise DataFailure when rows stand that a rule will forbid which comes with the cutover."""
    breaking = statements.fetch_all(connection, _sql(run, f"constrain/find_{constraint.name}"))
    if breaking:
        raise DataFailure(
            f"Rows that stand break {constraint.full_name}: {len(breaking)}, the first is "
            f"{breaking[0].source_id}. The audit and the quarantine list what is known of them. "
            "Mend them, then run again."
        )


def _sql(run: Run, name: str) -> str:
    return f"{run.system.name}/{name}"
