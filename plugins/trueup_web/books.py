"""The systems' databases as the page reads them: read-only, views only, one connection a system."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from airflow.exceptions import AirflowNotFoundException
from airflow.models.connection import Connection as AirflowConnection
from psycopg import Connection, pq
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.pool import QueuePool

log = logging.getLogger(__name__)

# A system of the journal → the Airflow connection that the page reads it through.
SYSTEMS = {
    "ledger": "ledger_db_reader",
    "vesting": "vault_db_reader",
    "wallet": "wallet_db_reader",
    "capital": "capital_db_reader",
}

Row = dict[str, Any]
T = TypeVar("T")

_SQL_FOLDER = Path(__file__).resolve().parents[2] / "include" / "sql" / "page"
_SESSION_OPTIONS = (
    "-c default_transaction_read_only=on -c statement_timeout=15s -c lock_timeout=2s"
    " -c idle_in_transaction_session_timeout=60s -c timezone=UTC -c datestyle=ISO -c jit=off"
)
_LIBPQ_KEYWORDS = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
_CONNECT_SECONDS = 3
# A database that does not answer is not asked again with every look at the page.
_PATIENCE_SECONDS = 15
_ROWS_PER_FETCH = 2_000

_threads = ThreadPoolExecutor(max_workers=2 * len(SYSTEMS), thread_name_prefix="trueup-page")
_pools: dict[str, tuple[str, QueuePool]] = {}
_making_a_pool = threading.Lock()
_silent_until: dict[str, tuple[float, str]] = {}


class Unavailable(Exception):
    """A system cannot be shown; the message says why, in a sentence for people."""

    def __init__(self, system: str, sentence: str, missing: bool = False) -> None:
        super().__init__(sentence)
        self.system = system
        # The deployment does not have the system, or not yet: that is no trouble.
        self.missing = missing


@cache
def _text(name: str) -> str:
    return (_SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def rows(system: str, name: str, **values: Any) -> list[Row]:
    """What a statement of `include/sql/page/` gives. Raises Unavailable."""
    with _in_words(system), _lent(system) as connection:
        return connection.execute(_text(name), values).fetchall()


def row(system: str, name: str, **values: Any) -> Row | None:
    """The first row of a statement, or None. Raises Unavailable."""
    found = rows(system, name, **values)
    return found[0] if found else None


def stream(system: str, name: str, **values: Any) -> Iterator[list[Row]]:
    """A statement's rows in handfuls, through a server-side cursor; any number takes no memory."""
    with (
        _in_words(system),
        closing(_connect(_conninfo(system))) as connection,
        connection.transaction(),
        connection.cursor(name="page") as cursor,
    ):
        cursor.execute(_text(name), values)
        while handful := cursor.fetchmany(_ROWS_PER_FETCH):
            yield handful


def from_each(ask: Callable[[str], T], systems: list[str]) -> tuple[dict[str, T], list[Row]]:
    """Ask several systems at once; give the answers, and why the others have none.

    A system that does not answer takes nothing from those that do.
    """

    def try_it(system: str) -> T | Unavailable:
        try:
            return ask(system)
        except Unavailable as why:
            return why

    answers: dict[str, T] = {}
    absent: list[Row] = []
    for system, answer in zip(systems, _threads.map(try_it, systems), strict=True):
        if isinstance(answer, Unavailable):
            absent.append({"system": system, "missing": answer.missing, "sentence": str(answer)})
        else:
            answers[system] = answer
    return answers, absent


def _conninfo(system: str) -> str:
    connection_id = SYSTEMS[system]
    try:
        found = AirflowConnection.get_connection_from_secrets(connection_id)
    except AirflowNotFoundException as error:
        raise Unavailable(
            system,
            f"There is no Airflow connection {connection_id}, so {system} is not shown. Create "
            "one with a role that may only read.",
            missing=True,
        ) from error
    extras = {name: value for name, value in found.extra_dejson.items() if name in _LIBPQ_KEYWORDS}
    return make_conninfo(
        host=found.host,
        port=found.port,
        user=found.login,
        password=found.password,
        dbname=found.schema,
        **extras,
    )


def _connect(conninfo: str) -> Connection[Row]:
    connection = psycopg.connect(
        conninfo,
        autocommit=True,
        row_factory=dict_row,
        application_name="trueup page",
        options=_SESSION_OPTIONS,
        connect_timeout=_CONNECT_SECONDS,
    )
    # A pooler between us and the server knows nothing of statements prepared by another session.
    connection.prepare_threshold = None
    return connection


@contextmanager
def _lent(system: str) -> Iterator[Connection[Row]]:
    """A session of the system's pool; one that the server has dropped is replaced by a new one."""
    lent = _pool(system).connect()
    try:
        if not _answers(lent.dbapi_connection):
            lent.invalidate()
            lent = _pool(system).connect()
        yield lent.dbapi_connection
    finally:
        lent.close()


def _answers(connection: Connection[Row]) -> bool:
    try:
        connection.execute("")
    except psycopg.OperationalError:
        return False
    return True


def _pool(system: str) -> QueuePool:
    """The pool of a system, made anew when its Airflow connection was changed."""
    until, sentence = _silent_until.get(system, (0.0, ""))
    if time.monotonic() < until:
        raise Unavailable(system, sentence)
    conninfo = _conninfo(system)
    with _making_a_pool:
        known, pool = _pools.get(system, ("", None))
        if pool is None or known != conninfo:
            if pool is not None:
                pool.dispose()
            pool = QueuePool(lambda: _connect(conninfo), pool_size=2, max_overflow=4, timeout=5)
            _pools[system] = conninfo, pool
        return pool


@contextmanager
def _in_words(system: str) -> Iterator[None]:
    """Say what a database refuses in a sentence; the log has what it said itself."""
    try:
        yield
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
        log.warning("trueup page, %s: %s", system, error)
        raise Unavailable(
            system,
            f"The database of {system} has no journal of this version yet; the first run makes it.",
            missing=True,
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        log.warning("trueup page, %s: %s", system, error)
        raise Unavailable(
            system,
            f"The role of the Airflow connection {SYSTEMS[system]} may not read the views of "
            "schema trueup; docs/grants.sql has the rights that it needs.",
        ) from error
    except psycopg.errors.QueryCanceled as error:
        log.warning("trueup page, %s: %s", system, error)
        raise Unavailable(
            system, f"The database of {system} took too long to answer; it may be busy."
        ) from error
    except (psycopg.OperationalError, PoolExhausted) as error:
        log.warning("trueup page, %s: %s", system, error)
        sentence = (
            f"The database of {system} cannot be reached. Check the Airflow connection "
            f"{SYSTEMS[system]} and the server; the log of the API server has the details."
        )
        _silent_until[system] = time.monotonic() + _PATIENCE_SECONDS, sentence
        raise Unavailable(system, sentence) from error
