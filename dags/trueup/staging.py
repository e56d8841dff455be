"""How a source comes into staging: plain rows typed, a block at a time, all others as text."""

import logging
from collections.abc import Iterable
from functools import partial
from pathlib import Path

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
    statements.execute(connection, _sql(run, "key_staging"), run_id=run.run_id)


def keep_one_block(connection: Connection, run: Run) -> None:
    """In the initial regime, post all rows that are staged as one block."""
    if regime.is_initial(run):
        statements.execute(connection, "trueup/journal/delete_blocks", run_id=run.run_id)
        _keep_block(connection, run, Block(1, _last_key(connection, run), 0, 0), 0)


def withdraw(connection: Connection, run: Run, source: FileSource, keys: list[int]) -> None:
    """Take rows out of the plain ones and stage their lines as text, to be judged with the others.

    `keys` are the numbers of their lines, ascending.
    """
    if not keys or not plain.can_read(source):
        return
    journal.log(
        connection, run, f"{len(keys)} rows that looked plain are judged with the doubtful."
    )
    _stage_records(
        connection,
        run,
        careful.read_lines(source, list(blocks.cut(source.path, source.header_lines)), keys),
    )
    for statement in ("withdraw_plain", "withdraw_movements"):
        statements.execute(connection, _sql(run, statement), run_id=run.run_id, positions=keys)


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
        judged = _stage_blocks(connection, run, source, reader)
        reader.add_keys(partial(_copy_out, connection, run, "staged_keys"))
        repeated = reader.repeated()
        _keep_movements(connection, run, reader)
        if regime.is_initial(run):
            _keep_blocks(connection, run, judged, repeated)
        withdraw(connection, run, source, repeated)


def _stage_blocks(
    connection: Connection, run: Run, source: CsvSource, reader: PlainReader
) -> list[JudgedBlock]:
    """Judge and stage block after block, and give what was judged."""
    query = None if regime.is_initial(run) else "select_prepared"
    done: list[JudgedBlock] = []
    irregular: list[Block] = []
    for judged in reader.blocks(query, run_id=run.run_id):
        if judged.rows is None:
            irregular.append(judged.block)
        else:
            _stage_irregular(connection, run, source, irregular, judged.block)
            irregular = []
            _stage_regular(connection, run, source, judged)
        done.append(judged)
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
    connection: Connection, run: Run, judged: list[JudgedBlock], repeated: list[int]
) -> None:
    for each in judged:
        withdrawn = sum(each.block.first_key <= key <= each.block.last_key for key in repeated)
        _keep_block(connection, run, each.block, (each.rows or 0) - withdrawn)


def _keep_block(connection: Connection, run: Run, block: Block, plain_rows: int) -> None:
    statements.execute(
        connection,
        "trueup/journal/insert_block",
        run_id=run.run_id,
        plain_rows=plain_rows,
        **block._asdict(),
    )


def _last_key(connection: Connection, run: Run) -> int:
    return statements.fetch_one(connection, _sql(run, "read_last_key"), run_id=run.run_id).last_key


def _copy_out(connection: Connection, run: Run, what: str, path: Path) -> None:
    statements.copy_to_file(connection, _sql(run, f"copy_{what}"), path, run_id=run.run_id)


def _sql(run: Run, name: str) -> str:
    return f"{run.system.name}/ingest/{name}"
