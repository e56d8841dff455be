"""How a source comes into staging: plain rows typed, a block at a time, all others as text."""

import logging
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from psycopg import Connection

from trueup import journal, regime, statements
from trueup.journal import Run
from trueup.sources import blocks, careful, plain
from trueup.sources.blocks import Block
from trueup.sources.columns import StagedRow
from trueup.sources.csv import CsvSource
from trueup.sources.files import FileSource
from trueup.sources.plain import JudgedBlock, PlainReader

log = logging.getLogger(__name__)

_PROGRESS_ROWS = 250_000
# So many rows are withdrawn by one statement; each slice looks through the staging once.
_KEYS_AT_ONCE = 500_000


class _Settled(NamedTuple):
    """What is kept of a block that was judged and staged: nothing that grows with its rows."""

    block: Block
    plain_rows: int
    fingerprint: str


def stage_source(connection: Connection, run: Run, source: FileSource) -> None:
    """Stage every record of a source, inside the caller's transaction.

    In the initial regime plain rows are not staged at all: posting reads them once more.
    """
    statements.execute(connection, "trueup/journal/delete_blocks", run_id=run.run_id)
    statements.execute(connection, "trueup/journal/delete_movements", run_id=run.run_id, plain=True)
    # What leaves rows out counts or dates records, which the careful reader alone can do.
    partly = run.plan.limit or run.plan.not_before or run.plan.not_after
    if plain.can_read(source) and not partly:
        _stage_judged(connection, run, source)
    else:
        _stage_records(connection, run, source.rows(run.plan.limit))
        keep_one_block(connection, run)
    statements.execute(connection, "trueup/ingest/key_staging", run_id=run.run_id)


def keep_one_block(connection: Connection, run: Run) -> None:
    """In the initial regime, post all rows that are staged as one block."""
    if regime.is_initial(run):
        statements.execute(connection, "trueup/journal/delete_blocks", run_id=run.run_id)
        block = Block(1, _last_key(connection, run), 0, 0)
        _keep_block(connection, run, block, plain_rows=0, fingerprint=None)


def withdraw(connection: Connection, run: Run, source: FileSource, keys: Iterable[int]) -> None:
    """Take rows out of the plain ones and stage their lines as text, to be judged with the others.

    `keys` are the numbers of their lines, ascending; they are taken a slice at a time.
    """
    if not plain.can_read(source):
        return
    keys, withdrawn = iter(keys), 0
    among: list[Block] = []
    while some := list(islice(keys, _KEYS_AT_ONCE)):
        among = among or list(blocks.cut(source.path, source.header_lines))
        _stage_records(connection, run, careful.read_lines(source, among, some))
        for statement in ("withdraw_plain", "withdraw_movements"):
            statements.execute(connection, _sql(run, statement), run_id=run.run_id, positions=some)
        withdrawn += len(some)
    if withdrawn:
        journal.log(
            connection, run, f"{withdrawn} rows that looked plain are judged with the doubtful."
        )


def _stage_records(connection: Connection, run: Run, records: Iterable[StagedRow]) -> None:
    with statements.copy_into(connection, _sql(run, "copy_staged")) as copy:
        for number, record in enumerate(records, start=1):
            copy.write_row((run.run_id, *record))
            if number % _PROGRESS_ROWS == 0:
                log.info("%d rows staged", number)


def _stage_judged(connection: Connection, run: Run, source: CsvSource) -> None:
    with plain.reading(
        source, run.system.name, ledger_id=run.plan.ledger_id, prefix=run.plan.prefix
    ) as reader:
        reader.load_known(partial(_copy_out, connection, run))
        settled = _stage_blocks(connection, run, source, reader)
        reader.add_keys(partial(_copy_out, connection, run, "staged_keys"))
        repeated = reader.repeated()
        _keep_movements(connection, run, reader)
        if regime.is_initial(run):
            _keep_blocks(connection, run, settled, repeated)
        withdraw(connection, run, source, repeated)


def _stage_blocks(
    connection: Connection, run: Run, source: CsvSource, reader: PlainReader
) -> list[_Settled]:
    """Judge and stage block after block, and give what is to be kept of them."""
    query = None if regime.is_initial(run) else "select_prepared"
    done: list[_Settled] = []
    irregular: list[Block] = []
    for judged in reader.blocks(query, run_id=run.run_id):
        if judged.rows is None:
            irregular.append(judged.block)
        else:
            _stage_irregular(connection, run, source, irregular, judged.block)
            irregular = []
            _stage_regular(connection, run, source, judged)
        done.append(_Settled(judged.block, judged.rows or 0, judged.fingerprint))
        log.info("Read up to line %d", judged.block.last_key)
    _stage_irregular(connection, run, source, irregular, None)
    return done


def _stage_regular(
    connection: Connection, run: Run, source: CsvSource, judged: JudgedBlock
) -> None:
    if judged.file:
        statements.copy_file(connection, _sql(run, "copy_plain"), judged.file)
        judged.file.unlink()
    if judged.doubtful:
        records = careful.read_lines(source, [judged.block], judged.doubtful)
        _stage_records(connection, run, records)


def _stage_irregular(
    connection: Connection,
    run: Run,
    source: CsvSource,
    irregular: list[Block],
    following: Block | None,
) -> None:
    if irregular:
        _stage_records(connection, run, careful.read_blocks(source, irregular, following))


def _keep_movements(connection: Connection, run: Run, reader: PlainReader) -> None:
    with statements.copy_into(connection, "trueup/journal/copy_movements") as copy:
        for moved in reader.movements():
            copy.write_row((run.run_id, True, *moved))


def _keep_blocks(
    connection: Connection, run: Run, settled: list[_Settled], repeated: list[int]
) -> None:
    for block, plain_rows, fingerprint in settled:
        withdrawn = bisect_right(repeated, block.last_key) - bisect_left(repeated, block.first_key)
        _keep_block(connection, run, block, plain_rows - withdrawn, fingerprint)


def _keep_block(
    connection: Connection, run: Run, block: Block, plain_rows: int, fingerprint: str | None
) -> None:
    statements.execute(
        connection,
        "trueup/journal/insert_block",
        run_id=run.run_id,
        plain_rows=plain_rows,
        fingerprint=fingerprint,
        **block._asdict(),
    )


def _last_key(connection: Connection, run: Run) -> int:
    return statements.fetch_one(connection, _sql(run, "read_last_key"), run_id=run.run_id).last_key


def _copy_out(connection: Connection, run: Run, what: str, path: Path) -> None:
    statements.copy_to_file(connection, _sql(run, f"copy_{what}"), path, run_id=run.run_id)


def _sql(run: Run, name: str) -> str:
    return f"{run.system.name}/ingest/{name}"
