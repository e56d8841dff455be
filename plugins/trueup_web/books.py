"""The systems' databases as the page reads them: read-only, views only, a few sessions a system."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
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

from trueup_web.systems import SYSTEMS

log = logging.getLogger(__name__)

Row = dict[str, Any]
T = TypeVar("T")

_SQL_FOLDER = Path(__file__).resolve().parents[2] / "include" / "sql" / "page"
_SESSION_OPTIONS = (
    "-c default_transaction_read_only=on -c statement_timeout=15s -c lock_timeout=2s"
    " -c idle_in_transaction_session_timeout=60s -c timezone=UTC -c datestyle=ISO -c jit=off"
)
# A server that is gone without a word is noticed within half a minute. What the extra of the
# Airflow connection says comes first.
_NETWORK = {
    "connect_timeout": 3,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
_LIBPQ_KEYWORDS = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
# A secrets backend is not asked with every statement.
_CONNINFO_SECONDS = 30
# A database that cannot be reached is not tried again with every look at the page.
_SILENT_SECONDS = 15
# A list of several systems waits no longer for any of them.
_LIST_SECONDS = 4
_SESSIONS, _SESSIONS_AT_MOST = 2, 6

# Threads of its own for each system: those of one that is slow are missing to no other.
_threads = {
    system: ThreadPoolExecutor(_SESSIONS_AT_MOST, thread_name_prefix=f"trueup-page-{system}")
    for system in SYSTEMS
}
_lock = threading.Lock()
_conninfos: dict[str, tuple[float, str]] = {}
_pools: dict[str, tuple[str, QueuePool]] = {}
_silent_until: dict[str, tuple[float, str]] = {}


class Unavailable(Exception):
    """A system cannot be shown; the message says why, in a sentence for people.

    missing: the deployment does not have the system, or not yet; that is no trouble
    status: how HTTP says it
    """

    def __init__(
        self, system: str, sentence: str, missing: bool = False, status: int | None = None
    ) -> None:
        super().__init__(sentence)
        self.system = system
        self.missing = missing
        self.status = status or (404 if missing else 503)


class _Unreachable(Exception):
    """No session can be opened; its cause says what libpq said."""


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


def from_each(ask: Callable[[str], T], systems: list[str]) -> tuple[dict[str, T], list[Row]]:
    """Ask several systems at once; give the answers, and why the others have none.

    A system that does not answer, or not in time, takes nothing from those that do.
    """
    until = time.monotonic() + _LIST_SECONDS
    asked = {system: _threads[system].submit(ask, system) for system in systems}
    answers: dict[str, T] = {}
    absent: list[Row] = []
    for system, answer in asked.items():
        try:
            answers[system] = _in_time(system, answer, until)
        except Unavailable as why:
            absent.append({"system": system, "missing": why.missing, "sentence": str(why)})
    return answers, absent


def _in_time(system: str, answer: "Future[T]", until: float) -> T:
    try:
        return answer.result(max(0.0, until - time.monotonic()))
    except TimeoutError as late:
        answer.cancel()
        raise Unavailable(
            system,
            f"The database of {system} has not answered within {_LIST_SECONDS} seconds; it may be "
            "busy.",
        ) from late


def _conninfo(system: str) -> str:
    """Where a system's database is, as the Airflow connection says, or said a moment ago."""
    until, known = _conninfos.get(system, (0.0, ""))
    if time.monotonic() < until:
        return known
    connection_id = SYSTEMS[system].connection_id
    try:
        found = AirflowConnection.get_connection_from_secrets(connection_id)
    except AirflowNotFoundException as error:
        raise Unavailable(
            system,
            f"There is no Airflow connection {connection_id} that can be read, so {system} is not "
            "shown. Create one with a role that may only read.",
            missing=True,
        ) from error
    extras = {name: value for name, value in found.extra_dejson.items() if name in _LIBPQ_KEYWORDS}
    where = {
        "host": found.host,
        "port": found.port,
        "user": found.login,
        "password": found.password,
        "dbname": found.schema,
    }
    known = make_conninfo(**_NETWORK | where | extras)
    _conninfos[system] = time.monotonic() + _CONNINFO_SECONDS, known
    return known


def _connect(conninfo: str) -> Connection[Row]:
    try:
        connection = psycopg.connect(
            conninfo,
            autocommit=True,
            row_factory=dict_row,
            application_name="trueup page",
            options=_SESSION_OPTIONS,
        )
    except psycopg.OperationalError as error:
        raise _Unreachable from error
    # A pooler between us and the server knows nothing of statements prepared by another session.
    connection.prepare_threshold = None
    return connection


@contextmanager
def _lent(system: str) -> Iterator[Connection[Row]]:
    """A session of the system's pool; with one that is dead, the others are given up, too."""
    pool = _pool(system)
    lent = pool.connect()
    try:
        if not _answers(lent.dbapi_connection):
            lent.invalidate()
            _give_up(system, pool)
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
    with _lock:
        known, pool = _pools.get(system, ("", None))
        if pool is None or known != conninfo:
            if pool is not None:
                pool.dispose()
            pool = QueuePool(
                lambda: _connect(conninfo),
                pool_size=_SESSIONS,
                max_overflow=_SESSIONS_AT_MOST - _SESSIONS,
                timeout=5,
            )
            _pools[system] = conninfo, pool
        return pool


def _give_up(system: str, pool: QueuePool) -> None:
    """Close what a pool holds: where one session was dropped, the others were, too."""
    with _lock:
        if _pools.get(system, ("", None))[1] is pool:
            del _pools[system]
    pool.dispose()


@contextmanager
def _in_words(system: str) -> Iterator[None]:
    """Say whatever keeps a system from being shown in a sentence; the log has the rest.

    Anything at all: what is wrong with one system must not take the others from the page.
    """
    try:
        yield
    except Unavailable:
        raise
    except Exception as error:
        log.warning("trueup page, %s: %r", system, error, exc_info=not _is_told(error))
        raise _unavailable(system, error) from error


def _is_told(error: Exception) -> bool:
    return isinstance(error, (psycopg.Error, PoolExhausted, _Unreachable))


def _unavailable(system: str, error: Exception) -> Unavailable:
    connection_id = SYSTEMS[system].connection_id
    match error:
        case _Unreachable():
            log.warning("trueup page, %s: %s", system, error.__cause__)
            sentence = (
                f"The database of {system} cannot be reached. Check the Airflow connection "
                f"{connection_id} and the server; the log of the API server has the details."
            )
            _silent_until[system] = time.monotonic() + _SILENT_SECONDS, sentence
            return Unavailable(system, sentence)
        case psycopg.errors.UndefinedTable() | psycopg.errors.UndefinedColumn():
            return Unavailable(
                system,
                f"The database of {system} has no journal of this version yet; the first run "
                "makes it.",
                missing=True,
            )
        case psycopg.errors.InsufficientPrivilege():
            return Unavailable(
                system,
                f"The role of the Airflow connection {connection_id} may not read the views of "
                "schema trueup; docs/page_grants.sql has the rights that it needs.",
            )
        case psycopg.errors.QueryCanceled():
            return Unavailable(
                system, f"The database of {system} took too long to answer; it may be busy."
            )
        case psycopg.errors.LockNotAvailable() | PoolExhausted():
            return Unavailable(system, f"The database of {system} is busy. Try again in a moment.")
        case psycopg.DataError():
            return Unavailable(system, "What was asked for can stand in no database.", status=422)
        case psycopg.OperationalError():
            return Unavailable(
                system, f"The database of {system} broke off while it answered. Try again."
            )
        case _:
            return Unavailable(
                system,
                f"{system} cannot be shown: {type(error).__name__}. Check the Airflow connection "
                f"{connection_id}; the log of the API server has the details.",
            )
