"""A real server, and for every test a fresh migrated database of its own.

The server is the one that TRUEUP_TEST_SERVER names (a role that may create databases), else the
project's embedded one.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from databases import Database, PrivateServer, Server
from runs import SAMPLES, Books
from trueup import batches, migrations, opening
from trueup.systems import LEDGER

ROOT = Path(__file__).resolve().parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits most for others comes first: the other worker has the rest meanwhile."""
    items.sort(key=lambda item: item.path.name != "test_real_scheduler.py")


def _embedded_environment() -> None:
    """Take what bin/environment says of the embedded server, as `make test` does."""
    wanted = ("TRUEUP_TEST_SERVER", "AIRFLOW_CONN_LEDGER_DB")
    printed = subprocess.run(
        ["bash", "-c", ". bin/environment && env -0"], cwd=ROOT, capture_output=True, check=False
    ).stdout.decode()
    found = dict(line.split("=", 1) for line in printed.split("\0") if "=" in line)
    os.environ |= {name: found[name] for name in wanted if name in found}


def _runner_of_the_same_server(conninfo: str) -> dict[str, str] | None:
    """The role of AIRFLOW_CONN_LEDGER_DB, where it leads to the same server."""
    try:
        theirs = conninfo_to_dict(os.environ.get("AIRFLOW_CONN_LEDGER_DB", ""))
    except psycopg.ProgrammingError:
        return None
    ours = conninfo_to_dict(conninfo)
    if not theirs.get("user") or any(theirs.get(k) != ours.get(k) for k in ("host", "port")):
        return None
    return {name: str(theirs[name]) for name in ("user", "password") if name in theirs}


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The server on which this session's databases live."""
    if not os.environ.get("TRUEUP_TEST_SERVER"):
        _embedded_environment()
    conninfo = os.environ.get("TRUEUP_TEST_SERVER", "")
    try:
        found = Server(conninfo, _runner_of_the_same_server(conninfo))
    except psycopg.OperationalError as error:
        pytest.exit(
            "The tests need a PostgreSQL server: run `make test`, or let TRUEUP_TEST_SERVER name "
            f"one in which a role may create databases. {str(error).strip().splitlines()[-1]}",
            returncode=4,
        )
    yield found
    found.close()


@pytest.fixture(scope="session")
def migrated(server: Server) -> Database:
    """The template: the whole schema and no rows. Nobody is connected to it."""
    database = server.create()
    with closing(database.connect()) as connection:
        migrations.migrate(connection, LEDGER)
    return database


@pytest.fixture
def database(server: Server, migrated: Database) -> Iterator[Database]:
    """A fresh migrated ledger of this test's own."""
    clone = server.create(migrated)
    yield clone
    server.drop(clone)


@pytest.fixture
def empty_database(server: Server) -> Iterator[Database]:
    """A database without anything, in which the runner may build."""
    created = server.create()
    yield created
    server.drop(created)


@pytest.fixture(scope="session")
def metadata_database(server: Server) -> str:
    """An empty database for Airflow's metadata, as SQLAlchemy writes its address."""
    where = conninfo_to_dict(server.create().admin_conninfo)
    user, password = where.get("user", ""), where.get("password", "")
    login = f"{user}:{password}" if password else user
    return f"postgresql+psycopg2://{login}@{where['host']}:{where['port']}/{where['dbname']}"


@pytest.fixture(scope="module")
def private() -> Iterator[PrivateServer]:
    """A server of a module's own."""
    folder = Path(tempfile.mkdtemp(prefix="trueup-server-"))
    server = PrivateServer(folder)
    yield server
    with suppress(subprocess.CalledProcessError):
        server.crash()
    shutil.rmtree(folder)


@pytest.fixture
def source_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that sources may be read from, beside the samples."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    monkeypatch.setenv("TRUEUP_SOURCE_ROOTS", f"{folder}{os.pathsep}{SAMPLES}")
    return folder


@pytest.fixture
def books(database: Database, source_root: Path, monkeypatch: pytest.MonkeyPatch) -> Books:
    """This test's ledger; an attempt that nobody works on counts as dead at once, and batches stay
    as large as they are asked for."""
    monkeypatch.setattr(opening, "GRACE_SECONDS", 0.0)
    monkeypatch.setattr(batches, "GROWTH", 1.0)
    return Books(database, source_root)
