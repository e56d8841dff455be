"""Migrates what was written to the old table meanwhile, and proves that nothing is missing."""

import logging
from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg
from psycopg import Connection

from trueup import derivation, journal, posting, statements, steps, verdicts
from trueup.errors import DataFailure
from trueup.journal import Run

log = logging.getLogger(__name__)

# While more than this many new rows are found, they are migrated before the table is held still.
_FEW_ROWS = 1_000
_PASSES = 5


def catch_up(
    connection: Connection, connect: Callable[[], Connection], run: Run
) -> list[dict[str, Any]]:
    """Post the rows that came into the old table since it was read; give the last checkpoints.

    At last the table is held still: who writes to it waits until all it has stands in the ledger.
    Safe to repeat. Raises DataFailure when rows that were migrated have changed since, or when more
    rows are quarantined than `max_quarantined` allows.
    """
    if journal.is_cut_over(run):
        return _checkpoints(connection, run)
    _finish_ranges(connection, run)
    total = 0
    for _ in range(_PASSES):
        came = _migrate_new_rows(connection, run)
        total += came
        if came <= _FEW_ROWS:
            break
    with closing(connect()) as guard, guard.transaction():
        derivation.hold_still(guard, run)
        total += _migrate_new_rows(connection, run)
        derivation.refuse_stale(connection, run)
        journal.log(
            connection,
            run,
            f"Caught up: {total} rows came into {run.plan.source} meanwhile; all that it has now "
            "is migrated.",
        )
    return _checkpoints(connection, run)


def _checkpoints(connection: Connection, run: Run) -> list[dict[str, Any]]:
    return [posting.checkpoint_of(each).as_dict() for each in journal.ranges(connection, run)]


def _migrate_new_rows(connection: Connection, run: Run) -> int:
    with connection.transaction():
        first_key, came = derivation.stage(connection, run)
        if not came:
            return 0
        verdicts.form(connection, run, after_position=first_key - 1)
        _check_quota(connection, run, first_key + came - 1)
        verdicts.total_movements(connection, run)
        verdicts.save_control(connection, run)
        steps.execute(connection, run, "post/exempt_accounts", run_id=run.run_id)
        statements.execute(
            connection,
            "trueup/journal/insert_range",
            run_id=run.run_id,
            range_no=len(journal.ranges(connection, run)),
            first_key=first_key,
            last_key=first_key + came - 1,
        )
    _finish_ranges(connection, run)
    return came


def _check_quota(connection: Connection, run: Run, last_key: int) -> None:
    """Raise DataFailure when with what came meanwhile more is quarantined than is allowed."""
    quarantined = statements.fetch_one(
        connection,
        "trueup/journal/count_quarantined",
        run_id=run.run_id,
        first_key=1,
        last_key=last_key,
    ).quarantined
    if not run.plan.max_quarantined.allows(quarantined, last_key):
        # A row that was changed behind us comes as one that contradicts itself: that is said first.
        derivation.refuse_stale(connection, run)
        reasons = statements.fetch_all(
            connection, "trueup/journal/count_reasons", run_id=run.run_id
        )
        counted = ", ".join(f"{each.rows} for {each.reason_code}" for each in reasons)
        raise DataFailure(
            f"With the rows that came meanwhile {quarantined} of {last_key} are quarantined "
            f"({counted}); max_quarantined allows {run.plan.max_quarantined}. Mend the rows, or "
            "raise max_quarantined, then run again."
        )


def _finish_ranges(connection: Connection, run: Run) -> None:
    """Post what ranges have left.

    A batch that cannot hold all that it is about at one moment, for others work on it, is halved.
    """
    size = run.plan.batch_size
    for each in journal.ranges(connection, run):
        checkpoint = posting.checkpoint_of(each)
        while not checkpoint.finished:
            try:
                checkpoint = posting.post_next_batch(connection, run, each.range_no, size)
            except psycopg.errors.LockNotAvailable as error:
                if size == 1:
                    raise
                size = size // 2
                log.warning("%s Going on with %d rows.", str(error).splitlines()[0], size)
