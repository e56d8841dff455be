"""How rows that lie in the books' own database come into staging: set-based, in one statement."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from psycopg import Connection, sql

from trueup import corrections, journal, statements, steps
from trueup.errors import DataFailure, Refused
from trueup.journal import Run
from trueup.sources.columns import listed

# What is derived from an earlier run, and what sees that there is one.
_FROM_A_RUN: dict[str | None, Callable[[Connection, Run], Any]] = {
    "quarantine": lambda connection, run: journal.read_run(connection, run.plan.source),
    "corrections": corrections.corrected_run,
}
# What is not staged from a table that stands, but proposed first: a module that can `propose`,
# `stage_beside` what belongs to the rows, `write_down` what was found, and say why nothing is left.
_PROPOSED: dict[str | None, ModuleType] = {"corrections": corrections}
_FLOATS = ("double precision", "real")


def examine(connection: Connection, run: Run) -> dict[str, Any]:
    """Look at what a run derives its rows from. Raises Refused, with what to do, if it cannot."""
    kind = run.plan.derived_from
    if kind in _FROM_A_RUN:
        _FROM_A_RUN[kind](connection, run)
        return {"ignored_columns": []}
    needed = run.system.derived[kind]
    if not needed:
        return {"ignored_columns": []}
    table = _table(connection, run)
    found = {
        row.name: row.kind
        for row in statements.fetch_all(connection, "trueup/derive/list_columns", source=table)
    }
    if not found:
        raise Refused(
            f"There is no table {run.plan.source} in the database of {run.system.name}, or the "
            "role that runs may not see it."
        )
    missing = [name for name in (*needed, run.plan.key_column) if name not in found]
    if missing:
        raise Refused(
            f"{run.plan.source} has no column {listed(missing)}; it has {listed(found)}. Choose "
            "the source_type of its shape, and name its key as key_column."
        )
    if found.get("amount") in _FLOATS:
        raise Refused(
            f"The amounts of {run.plan.source} are floating-point numbers ({found['amount']}), "
            "which cannot hold cents exactly. Make a view over it that casts them to numeric, "
            "after looking at those that are not whole cents."
        )
    _refuse_other_references(connection, run, table)
    return {"ignored_columns": []}


def mends_balances(run: Run) -> bool:
    """Whether the run is there to mend accounts that break a balance rule before it begins."""
    return run.plan.derived_from in _PROPOSED


def derive(connection: Connection, run: Run) -> str:
    """Stage the rows of a source that the plan derives, and give the hash of what they say.

    In one transaction: it is there whole or not at all. Its staging is logged, for the books may be
    others the next time.
    """
    with connection.transaction():
        statements.execute(connection, "trueup/ingest/create_kept_staging", run_id=run.run_id)
        proposed = _PROPOSED.get(run.plan.derived_from)
        if proposed:
            proposed.propose(connection, run)
        _, staged = stage(connection, run)
        _keep_left_aside(connection, run)
        statements.execute(connection, "trueup/ingest/key_staging", run_id=run.run_id)
        if proposed and not staged:
            proposed.write_down(connection, run)
        return statements.fetch_one(
            connection, "trueup/ingest/hash_staged", run_id=run.run_id
        ).content_hash


def say_empty(run: Run) -> str:
    """Why a run that found no rows has nothing to do, and what to look at."""
    if proposed := _PROPOSED.get(run.plan.derived_from):
        return proposed.NOTHING_TO_POST
    return run.system.nothing_derived.get(
        run.plan.derived_from or "",
        f"{run.plan.source} has no rows; there is nothing to post. Check the source.",
    )


def stage_beside(connection: Connection, run: Run) -> None:
    """Stage again what belongs to rows that are kept from an earlier attempt."""
    if proposed := _PROPOSED.get(run.plan.derived_from):
        proposed.stage_beside(connection, run)


def stage(connection: Connection, run: Run) -> tuple[int, int]:
    """Stage the rows that are not staged yet; give the first one's number, and how many."""
    last = statements.fetch_one(
        connection, "trueup/ingest/read_last_position", run_id=run.run_id
    ).last_position
    plan = run.plan
    staged = _execute(
        connection,
        run,
        f"stage_{plan.derived_from}",
        run_id=run.run_id,
        last_position=last,
        source=_source_name(connection, run),
        key_column=plan.key_column,
        prefix=plan.prefix,
        currency=plan.currency,
        user_id=plan.user_id,
        rows=plan.limit,
    ).rowcount
    return last + 1, staged


def _keep_left_aside(connection: Connection, run: Run) -> None:
    """Write down how many rows of the source are none of the run's business, and why."""
    aside = steps.fetch_all(
        connection,
        run,
        "derive/list_left_aside",
        run_id=run.run_id,
        currency=run.plan.currency,
        user_id=run.plan.user_id,
    )
    journal.add_figures(connection, run, left_aside=[row._asdict() for row in aside])
    for row in aside:
        journal.log(connection, run, f"Left aside: {row.rows} {row.what}.")


def hold_still(connection: Connection, run: Run) -> None:
    """Have everybody who writes to the source wait until the caller's transaction ends.

    Not where what they write is followed.
    """
    if not _is_followed(run):
        _execute(connection, run, "lock_source")


def refuse_stale(connection: Connection, run: Run) -> None:
    """Raise DataFailure when rows that were taken from the source have changed there since.

    Not where changes are followed.
    """
    if _is_followed(run):
        return
    stale = _execute(
        connection, run, f"count_stale_{run.plan.derived_from}", run_id=run.run_id
    ).fetchone()
    if stale.stale:
        raise DataFailure(
            f"{stale.stale} rows of {run.plan.source} were changed or deleted after they were "
            "migrated: the ledger and the old table would tell different stories. Only new rows "
            "are caught up; have nobody change old ones, and migrate again."
        )


def _is_followed(run: Run) -> bool:
    """Whether what others write to the source meanwhile is brought by triggers of the system."""
    return not run.system.has("derive/lock_source")


def _refuse_other_references(connection: Connection, run: Run, table: str) -> None:
    plan = run.plan
    earlier = statements.fetch_one(
        connection,
        "trueup/derive/find_otherwise",
        run_id=run.run_id,
        source=table,
        prefix=plan.prefix,
        key_column=plan.key_column,
    )
    if earlier and not plan.confirm_overlap:
        raise Refused(
            f"Run {earlier.run_id} has migrated {plan.source} with the prefix {earlier.prefix!r} "
            f"and the key_column {earlier.key_column!r}. Other ones give rows without a reference "
            "of their own a new one, and they would be posted a second time. Take the former "
            "ones; or, where every row has its own reference, set confirm_overlap."
        )


def _source_name(connection: Connection, run: Run) -> str:
    """What references are made of: a table's full name, however the trigger spells it."""
    kind = run.plan.derived_from
    if kind in _FROM_A_RUN or not run.system.derived[kind]:
        return run.plan.source
    return statements.fetch_one(
        connection, "trueup/derive/name_table", source=_table(connection, run)
    ).name


def _table(connection: Connection, run: Run) -> str:
    return _identifiers(run)["source"].as_string(connection)


def _execute(connection: Connection, run: Run, name: str, **values: Any) -> Any:
    return statements.execute_composed(
        connection, _sql(run, f"derive/{name}"), _identifiers(run), **values
    )


def _identifiers(run: Run) -> dict[str, sql.Identifier]:
    return {
        "source": sql.Identifier(*run.plan.source.split(".")),
        "key": sql.Identifier(run.plan.key_column),
    }


def _sql(run: Run, name: str) -> str:
    return f"{run.system.name}/{name}"
