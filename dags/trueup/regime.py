"""The two regimes of posting: live beside other sessions, or initial into bare tables.

In the initial regime the ledger is empty and nobody else is connected. Keys and indexes are taken
away before the first entry and built once behind the last; until then a trigger refuses everybody
else, in words. What was taken away is remembered in the transaction that takes it, and forgotten in
the one that builds it again: a kill at any moment leaves a run that can be resumed or taken back.
"""

import logging
from collections.abc import Iterable
from typing import Any

from psycopg import Connection

from trueup import journal, statements
from trueup.errors import OperationalFailure, Refused
from trueup.journal import Run

log = logging.getLogger(__name__)

LIVE, INITIAL = "live", "initial"

# Below this, taking keys away and building them again saves no time.
WORTHWHILE_BYTES = 16 << 20


def choose(connection: Connection, run: Run, source_bytes: int) -> str:
    """Choose the regime in which this run posts, and keep it: what is staged is staged for it.

    Raises Refused when `initial` was asked for and cannot be.
    """
    if run.row.regime and (run.row.staged_rows is not None or journal.ranges(connection, run)):
        return run.row.regime
    asked = LIVE if run.plan.dry_run else run.plan.regime
    obstacles = [] if asked == LIVE else _obstacles(connection, run)
    if asked == INITIAL and obstacles:
        raise Refused(
            f"The initial regime needs an empty ledger that is this run's alone: "
            f"{'; '.join(obstacles)}. Choose the regime live or auto, or clear that away."
        )
    worthwhile = asked == INITIAL or source_bytes >= WORTHWHILE_BYTES
    chosen = INITIAL if asked != LIVE and worthwhile and not obstacles else LIVE
    statements.execute(connection, "trueup/regime/save_regime", run_id=run.run_id, regime=chosen)
    journal.log(connection, run, f"Posting will be in the {chosen} regime.")
    return chosen


def check(connection: Connection, run: Run) -> None:
    """Raise Refused when somebody has come since the initial regime was chosen."""
    if is_initial(run) and (obstacles := _obstacles(connection, run)):
        raise Refused(
            f"This run was to load an empty ledger alone, but since its audit: "
            f"{'; '.join(obstacles)}. Nothing was posted. "
            + (
                "Trigger it again: with regime auto it then posts beside others."
                if run.row.state_hash_before is None
                else "Clear that away and trigger it again, or take it back with the DAG "
                "`rollback`, and then trigger it again."
            )
        )


def bare_tables(connection: Connection, run: Run, last_key: int) -> None:
    """Take keys and indexes away, and number the run's entries; inside the caller's transaction.

    Raises OperationalFailure when entries came in a moment ago.
    """
    lock_tables(connection, run)
    if statements.fetch_one(connection, _sql(run, "has_rows")).found:
        raise OperationalFailure(
            "Somebody has posted since the audit: the ledger is no longer empty. Nothing was "
            "changed; trigger the DAG again as it was."
        )
    reserved = statements.fetch_one(connection, _sql(run, "reserve_ids"), last_key=last_key)
    statements.execute(
        connection,
        "trueup/regime/save_id_base",
        run_id=run.run_id,
        entry_id_base=reserved.entry_id_base,
    )
    suspended = statements.fetch_one(
        connection,
        "trueup/regime/suspend_objects",
        run_id=run.run_id,
        tables=list(run.system.bare_tables),
    ).suspended
    journal.log(
        connection,
        run,
        f"Initial load: {suspended} keys and indexes were taken away and will be built behind the "
        "last entry; until then nobody else can post.",
    )


def restore_tables(connection: Connection, run: Run) -> list[str]:
    """Build what was taken away, one thing a transaction, and let others in. Safe to repeat.

    Raises psycopg.IntegrityError when the rows break a key.
    """
    if not is_initial(run):
        return []
    built = list(_restore(connection, run))
    if built:
        journal.log(connection, run, f"Built {len(built)} keys and indexes; others may post again.")
    return built


def empty_tables(connection: Connection, run: Run) -> int:
    """Take all entries of an initial load back under the caller's lock, and give how many.

    Raises OperationalFailure when there are rows of others: then nothing is changed.
    """
    act_as_run(connection, run)
    counted = statements.fetch_one(connection, _sql(run, "count_rows"), run_id=run.run_id)
    if counted.foreign_rows:
        raise OperationalFailure(
            f"{counted.foreign_rows} entries of others stand among those of run {run.run_id}, "
            "though its load let nobody in. Nothing was taken back; find out whose they are."
        )
    statements.execute(connection, _sql(run, "restore_balances"))
    statements.execute(connection, _sql(run, "clear_tables"))
    return counted.rows


def lock_tables(connection: Connection, run: Run) -> None:
    """Keep everybody out of the bare tables until the caller's transaction ends."""
    statements.execute(connection, _sql(run, "lock_tables"))


def is_bare(connection: Connection, run: Run) -> bool:
    """Whether keys that this run took away are still missing, or others are still kept out."""
    return is_initial(run) and bool(
        statements.fetch_one(
            connection, "trueup/regime/is_bare", tables=list(run.system.bare_tables)
        ).bare
    )


def act_as_run(connection: Connection, run: Run) -> None:
    """Let this transaction write to bare tables."""
    statements.execute(connection, "trueup/regime/act_as_run", run_id=run.run_id)


def is_initial(run: Run) -> bool:
    """Whether the run posts, or has posted, into bare tables."""
    return run.row.regime == INITIAL


def _restore(connection: Connection, run: Run) -> Iterable[str]:
    while True:
        with connection.transaction():
            statements.execute(connection, "trueup/regime/give_memory")
            name = statements.fetch_one(
                connection,
                "trueup/regime/restore_object",
                run_id=run.run_id,
                tables=list(run.system.bare_tables),
            ).name
        if name is None:
            return
        log.info("Built %s", name)
        yield name


def _obstacles(connection: Connection, run: Run) -> list[str]:
    if not run.system.bare_tables:
        return ["this system has no initial regime"]
    rows: list[Any] = statements.fetch_all(
        connection, "trueup/regime/list_obstacles", tables=list(run.system.bare_tables)
    )
    found = [row.obstacle for row in rows]
    if not statements.fetch_one(connection, _sql(run, "is_numbered")).numbered:
        found.append("the entries' ids come from no sequence of their own")
    if statements.fetch_one(connection, _sql(run, "has_rows")).found:
        found.append("the ledger is not empty")
    return found


def _sql(run: Run, name: str) -> str:
    return f"{run.system.name}/regime/{name}"
