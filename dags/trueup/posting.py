"""The heart: one batch in one transaction, and what must be true before the first of them."""

import time
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

import psycopg
from psycopg import Connection
from psycopg.types.json import Jsonb

from trueup import batches, fingerprints, journal, pacing, regime, sessions, statements, steps
from trueup.errors import DataFailure, OperationalFailure, Refused
from trueup.journal import Run
from trueup.pacing import NO_PRESSURE, Pressure
from trueup.run_state import Status

# Ranges number their batches apart: range 0 counts from 1, range 1 from 1,000,000,001.
BATCHES_OF_A_RANGE = 1_000_000_000


@dataclass(frozen=True)
class Batch:
    """A batch as it was settled. Keys are source positions; counts are rows; times are seconds."""

    first_key: int
    last_key: int
    read: int
    posted: int
    replayed: int
    quarantined: int


@dataclass(frozen=True)
class Checkpoint:
    """How far a range is settled, and what came of it so far."""

    range_no: int
    last_key: int
    batches: int
    read: int
    posted: int
    replayed: int
    quarantined: int
    finished: bool
    # Who suffered from the batch; it concerns the next one and nobody else.
    pressure: Pressure = NO_PRESSURE

    def as_dict(self) -> dict[str, Any]:
        """What travels as XCom: ids and counts."""
        return {name: value for name, value in vars(self).items() if name != "pressure"}


class Plain(NamedTuple):
    """What a loader has written: rows, and debits less credits of each account, sorted by id."""

    rows: int
    accounts: list[str]
    debits: list[Decimal]


class Loader(Protocol):
    """Brings the plain rows of a block from the source into the bare tables."""

    def load(self, connection: Connection, first_key: int) -> tuple[int, Plain]:
        """Write the rows of the block that begins with a key; give its last key and what it was."""


def open_posting(connection: Connection, run: Run) -> None:
    """Fix what the run starts from: state hash, baseline, accounts, key ranges. Safe to repeat.

    Raises OperationalFailure when the staging was lost, Refused when the initial regime cannot be,
    or when something stands in the way that came since the audit.
    """
    check_staging(connection, run)
    standing = journal.ranges(connection, run)
    if not standing:
        regime.check(connection, run)
    if run.row.state_hash_before is None:
        _open_books(connection, run)
        _take_baseline(connection, run)
    if standing:
        mark_checkpoint(connection, run, "IN_PROGRESS", None)
    else:
        _open_ranges(connection, run)


def _open_books(connection: Connection, run: Run) -> None:
    """Have the books ready to be posted to beside others, where that needs a change of theirs.

    Since the audit saw that nothing stands in the way of that, an approval may have taken days.
    """
    if obstacles := steps.fetch_all(connection, run, "audit/list_obstacles", run_id=run.run_id):
        raise Refused(" ".join(row.obstacle for row in obstacles))
    sessions.send_away(connection, run)
    with connection.transaction():
        journal.fence(connection, run, Status.POSTING)
        steps.execute(connection, run, "post/open_books", run_id=run.run_id)


def _take_baseline(connection: Connection, run: Run) -> None:
    """Hash the books and keep every balance, in one snapshot that no posting straddles.

    The table locks wait for postings in flight and hold new ones back; they are let go with the
    savepoint, while the snapshot taken under them stays. So every later entry has a higher id.
    """
    with statements.snapshot(connection):
        with connection.transaction() as savepoint:
            steps.execute(connection, run, "post/lock_books")
            found = steps.fetch_one(connection, run, "post/read_high_water_mark")
            mark = found.high_water_entry_id if found else 0
            raise psycopg.Rollback(savepoint)
        steps.execute(
            connection, run, "post/insert_baseline", run_id=run.run_id, high_water_entry_id=mark
        )
        state = fingerprints.of_state(connection, run.system.name, run.run_id, mark)
        statements.execute(
            connection,
            "trueup/journal/save_state_before",
            run_id=run.run_id,
            state_hash=state,
            high_water_entry_id=mark,
        )
        journal.log(connection, run, f"State hash before the first posting: {state}.")


def _open_ranges(connection: Connection, run: Run) -> None:
    """Create the accounts, exempt them from the overdraft rule, fix the bound, cut the keys."""
    with connection.transaction():
        journal.fence(connection, run, Status.POSTING)
        bounds = statements.fetch_one(connection, _sql(run, "post/bound_keys"), run_id=run.run_id)
        steps.execute(connection, run, "post/create_accounts", run_id=run.run_id)
        differing = steps.fetch_all(
            connection, run, "audit/list_differing_accounts", run_id=run.run_id
        )
        if differing:
            raise DataFailure(
                f"Account {differing[0].account_id} was opened by somebody else since the audit: "
                f"it is {differing[0].stands}, and this run was to open it as "
                f"{differing[0].wanted}."
            )
        steps.execute(connection, run, "post/exempt_accounts", run_id=run.run_id)
        cuts = batches.cut(bounds.first_key, bounds.last_key, run.plan.parallel_workers)
        if regime.is_initial(run):
            edges = [block.last_key for block in journal.blocks(connection, run)]
            cuts = batches.align(cuts, edges)
            regime.bare_tables(connection, run, bounds.last_key)
        for range_no, cut in enumerate(cuts):
            statements.execute(
                connection,
                "trueup/journal/insert_range",
                run_id=run.run_id,
                range_no=range_no,
                first_key=cut.first_key,
                last_key=cut.last_key,
            )
        steps.execute(
            connection,
            run,
            "post/open_checkpoint",
            source_id=run.row.source_id,
            source_type=run.row.source_type,
            metadata=Jsonb(
                {
                    "run_id": run.run_id,
                    "source_fingerprint": run.row.source_fingerprint,
                    "mapping_fingerprint": run.row.mapping_fingerprint,
                    "posting_code": run.row.code_fingerprint,
                }
            ),
        )
        journal.log(
            connection,
            run,
            f"Posting opened: keys {bounds.first_key} to {bounds.last_key}, {len(cuts)} range(s).",
        )


def post_next_batch(
    connection: Connection, run: Run, range_no: int, batch_size: int, loader: Loader | None = None
) -> Checkpoint:
    """Post the keys after the range's checkpoint, `batch_size` at most; entries, balances, outbox,
    quarantine and checkpoint commit together or not at all.

    With a loader, that of the initial regime, the batch is the source's next block.
    Raises Fenced when the run is no longer this worker's, DataFailure when a row is lost,
    OperationalFailure when the whole staging is.
    """
    started = time.perf_counter()
    with connection.transaction():
        journal.fence(connection, run, Status.POSTING)
        held = statements.fetch_one(
            connection, "trueup/journal/lock_range", run_id=run.run_id, range_no=range_no
        )
        if held.checkpoint_key >= held.last_key:
            return checkpoint_of(held)
        first_key = held.checkpoint_key + 1
        if loader:
            batch = post_block(connection, run, loader, first_key)
        else:
            last_key = min(held.checkpoint_key + batch_size, held.last_key)
            batch = post_rows(connection, run, first_key, last_key)
        # A block was read ahead, maybe before a crash: what it leaves to the staging must be there.
        if loader or not batch.read:
            check_staging(connection, run)
        checkpoint_started = time.perf_counter()
        held = statements.fetch_one(
            connection,
            "trueup/journal/advance_range",
            run_id=run.run_id,
            range_no=range_no,
            last_key=batch.last_key,
            batches=min(batch.read, 1),
            read=batch.read,
            posted=batch.posted,
            replayed=batch.replayed,
            quarantined=batch.quarantined,
        )
        _save_checkpoint(connection, run)
        if batch.read:
            now = time.perf_counter()
            statements.execute(
                connection,
                "trueup/journal/insert_batch",
                run_id=run.run_id,
                range_no=range_no,
                batch_no=range_no * BATCHES_OF_A_RANGE + held.batches,
                seconds=now - started,
                checkpoint_seconds=now - checkpoint_started,
                **vars(batch),
            )
        pressure = pacing.read_pressure(connection)
    statements.execute(connection, "trueup/journal/note_life", run_id=run.run_id)
    return replace(checkpoint_of(held), pressure=pressure)


def post_rows(connection: Connection, run: Run, first_key: int, last_key: int) -> Batch:
    """Post the prepared rows of a key range inside the caller's transaction.

    Raises DataFailure unless read = posted + replayed + quarantined.
    """
    outcome = statements.fetch_one(
        connection,
        _sql(run, "post/post_batch"),
        run_id=run.run_id,
        first_key=first_key,
        last_key=last_key,
        skip_duplicates=run.plan.skip_duplicates,
        outbox_status=run.plan.outbox_status,
    )
    return _settle(connection, run, first_key, last_key, outcome)


def post_block(connection: Connection, run: Run, loader: Loader, first_key: int) -> Batch:
    """Load the block that begins with a key, in the initial regime, inside the caller's
    transaction: plain rows from the source, the others from the prepared ones.

    Raises DataFailure unless read = posted + replayed + quarantined.
    """
    regime.act_as_run(connection, run)
    last_key, plain = loader.load(connection, first_key)
    outcome = statements.fetch_one(
        connection,
        _sql(run, "post/post_initial_batch"),
        run_id=run.run_id,
        first_key=first_key,
        last_key=last_key,
        entry_id_base=run.row.entry_id_base,
        outbox=run.plan.outbox,
        accounts=plain.accounts,
        debits=plain.debits,
    )
    outcome = outcome._replace(read=outcome.read + plain.rows, posted=outcome.posted + plain.rows)
    return _settle(connection, run, first_key, last_key, outcome)


def _settle(connection: Connection, run: Run, first_key: int, last_key: int, outcome: Any) -> Batch:
    """Hold what became of a key range against what was read of it."""
    quarantined = statements.fetch_one(
        connection,
        "trueup/journal/count_quarantined",
        run_id=run.run_id,
        first_key=first_key,
        last_key=last_key,
    ).quarantined
    settled = outcome.posted + outcome.replayed + quarantined
    if outcome.read != settled:
        _check_verdicts(connection, run)
        raise DataFailure(
            f"Keys {first_key} to {last_key}: {outcome.read} rows were read, but {outcome.posted} "
            f"posted + {outcome.replayed} replayed + {quarantined} quarantined are {settled}."
        )
    return Batch(first_key, last_key, outcome.read, outcome.posted, outcome.replayed, quarantined)


def check_staging(connection: Connection, run: Run) -> None:
    """Raise OperationalFailure when what was staged is gone: a crash empties unlogged tables.

    Without this look, a worker that outlives the crash would take the rest of its range for done.
    """
    if statements.fetch_one(connection, _sql(run, "ingest/is_lost"), run_id=run.run_id).lost:
        raise OperationalFailure(
            f"The staging of run {run.run_id} is empty: the database has crashed since it was "
            "filled. What was posted stands; trigger the DAG again as it was, and the source is "
            "read again."
        )


def _check_verdicts(connection: Connection, run: Run) -> None:
    """Raise OperationalFailure when a crash took the verdicts and left what was staged.

    So it is with a source that is read only once: its staging is logged.
    """
    if not statements.fetch_one(
        connection, "trueup/validate/has_prepared", run_id=run.run_id
    ).found:
        raise OperationalFailure(
            f"The verdicts of run {run.run_id} are gone: the database has crashed since they were "
            "formed. What was posted stands; trigger the DAG again as it was."
        )


def check_balances(connection: Connection, run: Run) -> None:
    """Hold every stored balance against opening balance plus entries, in one snapshot.

    Raises DataFailure naming the first account that is off.
    """
    rows = statements.fetch_all(
        connection, _sql(run, "reconcile/list_balance_breaks"), run_id=run.run_id
    )
    if rows:
        first = rows[0]
        raise DataFailure(
            f"{len(rows)} stored balances are not what their entries say; the first is "
            f"{first.account_id} with {first.actual} {first.currency_code} instead of "
            f"{first.expected}."
        )


def mark_checkpoint(connection: Connection, run: Run, status: str, message: str | None) -> None:
    """Say on the source's checkpoint row how its run stands; it knows four statuses."""
    steps.execute(
        connection,
        run,
        "post/mark_checkpoint",
        run_id=run.run_id,
        source_id=run.row.source_id,
        source_type=run.row.source_type,
        status=status,
        message=message,
    )


def checkpoint_of(held: Any) -> Checkpoint:
    """How far a range is, from its row in the journal."""
    return Checkpoint(
        held.range_no, held.checkpoint_key, held.batches, held.read, held.posted, held.replayed,
        held.quarantined, held.checkpoint_key >= held.last_key,
    )  # fmt: skip


def _save_checkpoint(connection: Connection, run: Run) -> None:
    source = {"source_id": run.row.source_id, "source_type": run.row.source_type}
    steps.execute(connection, run, "post/lock_checkpoint", **source)
    steps.execute(connection, run, "post/save_checkpoint", run_id=run.run_id, **source)


def _sql(run: Run, name: str) -> str:
    return f"{run.system.name}/{name}"
