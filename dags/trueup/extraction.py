"""How a source that is no file comes into staging: part by part, each committed with its cursor."""

import hashlib
import logging
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from trueup import journal, statements
from trueup.errors import OperationalFailure
from trueup.journal import Run
from trueup.sources.columns import StagedRow
from trueup.sources.extracts import Extract, Part

log = logging.getLogger(__name__)

_READINGS = 3


def extract(connection: Connection, run: Run, source: Extract, anew: bool) -> str:
    """Stage all rows of a source and give the SHA-256 of what they say, in order.

    A reading that broke off goes on at its cursor, unless it is to begin `anew`. One over several
    sessions may miss rows that came in behind its cursor: they are counted, and then it is read
    once more from the start. Raises OperationalFailure when that does not end.
    """
    state = None if anew else _read(connection, run)
    if state and state.finished_at:
        return state.content_hash
    for _ in range(_READINGS):
        state = state or _begin(connection, run, source)
        state = _read_on(connection, run, source, state)
        if run.plan.limit or source.recount(state.cursor) in (None, state.rows):
            _finish(connection, run, source)
            return state.content_hash
        journal.log(
            connection, run, "Rows came into the source behind the reading; it is read once more."
        )
        state = None
    raise OperationalFailure(
        f"{run.plan.source} changed each of {_READINGS} times that it was read. Trigger the DAG "
        "again at a quieter hour, or with a query that leaves the newest rows out."
    )


def _read(connection: Connection, run: Run) -> Any:
    return statements.fetch_one(connection, "trueup/extract/read_extraction", run_id=run.run_id)


def _begin(connection: Connection, run: Run, source: Extract) -> Any:
    with connection.transaction():
        statements.execute(connection, "trueup/ingest/create_kept_staging", run_id=run.run_id)
        return statements.fetch_one(
            connection,
            "trueup/extract/open_extraction",
            run_id=run.run_id,
            cursor=Jsonb(source.begin()),
        )


def _read_on(connection: Connection, run: Run, source: Extract, state: Any) -> Any:
    limit = run.plan.limit
    for part in source.parts(state.cursor, state.rows + 1):
        rows = part.rows if limit is None else part.rows[: limit - state.rows]
        state = _stage(connection, run, part._replace(rows=rows), state)
        log.info("%d rows read, part %d", state.rows, state.parts)
        if limit is not None and state.rows >= limit:
            break
    return state


def _stage(connection: Connection, run: Run, part: Part, state: Any) -> Any:
    with connection.transaction():
        with statements.copy_into(connection, f"{run.system.name}/ingest/copy_staged") as copy:
            for row in part.rows:
                copy.write_row((run.run_id, *row))
        return statements.fetch_one(
            connection,
            "trueup/extract/advance_extraction",
            run_id=run.run_id,
            cursor=Jsonb(part.cursor),
            rows=len(part.rows),
            content_hash=_chained(state.content_hash, part.rows),
        )


def _chained(content_hash: str, rows: list[StagedRow]) -> str:
    """A hash over hashes: each row's follows the one of all rows before it."""
    for _, _, _, raw, *_ in rows:
        content_hash = hashlib.sha256(f"{content_hash}{raw}".encode()).hexdigest()
    return content_hash


def _finish(connection: Connection, run: Run, source: Extract) -> None:
    with connection.transaction():
        if source.key:
            twice = statements.execute(
                connection,
                f"{run.system.name}/ingest/delete_given_twice",
                run_id=run.run_id,
                key=source.key,
            ).rowcount
            if twice:
                journal.log(connection, run, f"{twice} records came twice, in pages that overlap.")
        statements.execute(connection, f"{run.system.name}/ingest/recognise_own", run_id=run.run_id)
        statements.execute(connection, "trueup/ingest/key_staging", run_id=run.run_id)
        statements.execute(connection, "trueup/extract/finish_extraction", run_id=run.run_id)
