"""Loads a source's plain rows, block by block, straight into bare tables."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

from psycopg import Connection

from trueup import journal, statements
from trueup.errors import OperationalFailure
from trueup.journal import Run
from trueup.posting import Plain
from trueup.sources import plain
from trueup.sources.blocks import Block
from trueup.sources.files import SourceFiles
from trueup.sources.plain import PlainReader, SpooledBlock


class BlockLoader:
    """Loads the blocks of one range; while one is written, the next is being read."""

    def __init__(self, run: Run, reader: PlainReader | None) -> None:
        self._run = run
        self._blocks: dict[int, Any] = {}
        self._reader = reader
        self._pool = ThreadPoolExecutor(1)
        self._ahead: dict[int, Future[SpooledBlock]] = {}

    def load(self, connection: Connection, first_key: int) -> tuple[int, Plain]:
        """Write the plain rows of a block and their outbox rows, inside the caller's transaction.

        Raises OperationalFailure when the block was changed since it was judged, or when they are
        not as many as were judged.
        """
        if not self._blocks:
            self._blocks = {
                block.first_key: block for block in journal.blocks(connection, self._run)
            }
        block = self._blocks[first_key]
        if not block.plain_rows:
            return block.last_key, Plain(0, [], [])
        spooled = self._read(connection, block).result()
        following = self._blocks.get(block.last_key + 1)
        if following and following.plain_rows:
            self._read(connection, following)
        rows = statements.copy_file(connection, self._sql("copy_entries"), spooled.entries)
        if self._run.plan.outbox:
            statements.copy_file(connection, self._sql("copy_outbox"), spooled.outbox)
        if rows != block.plain_rows:
            raise OperationalFailure(
                f"Lines {first_key} to {block.last_key}: {block.plain_rows} plain rows were judged "
                f"and {rows} came; probably a crash of the database has emptied the staging. "
                "What was posted stands; trigger the DAG again as it was."
            )
        return block.last_key, Plain(rows, spooled.accounts, spooled.debits)

    def forget(self, last_key: int) -> None:
        """Throw away what was read up to a key: it is committed."""
        for first_key in [key for key in self._ahead if key <= last_key]:
            self._ahead.pop(first_key).result().remove()

    def close(self) -> None:
        """Let the reading thread go."""
        self._pool.shutdown(cancel_futures=True)

    def _read(self, connection: Connection, block: Any) -> Future[SpooledBlock]:
        """Begin to read a block, or give the reading that is under way: a retry needs it again."""
        assert self._reader is not None, "only a source with plain rows is read again"
        if block.first_key not in self._ahead:
            staged = statements.fetch_all(
                connection,
                self._sql("list_staged_keys"),
                run_id=self._run.run_id,
                first_key=block.first_key,
                last_key=block.last_key,
            )
            self._ahead[block.first_key] = self._pool.submit(
                self._reader.spool,
                Block(*block[:4]),
                block.fingerprint,
                [row.position for row in staged],
                run_id=self._run.run_id,
                entry_id_base=self._run.row.entry_id_base,
            )
        return self._ahead[block.first_key]

    def _sql(self, name: str) -> str:
        return f"{self._run.system.name}/post/{name}"


@contextmanager
def opened(run: Run, files: SourceFiles) -> Iterator[BlockLoader]:
    """Open the source for loading; what has no plain rows is staged, and nothing is read again."""
    with ExitStack() as stack:
        source = files.open() if files.source else None
        reader = None
        if plain.can_read(source):
            reading = plain.reading(
                source, run.system.name, ledger_id=run.plan.ledger_id, prefix=run.plan.prefix
            )
            reader = stack.enter_context(reading)
        loader = BlockLoader(run, reader)
        stack.callback(loader.close)
        yield loader
