"""Databases for tests: a real server, and for every test a fresh migrated database of its own.

The server is the one that TRUEUP_TEST_SERVER names (a role that may create databases), else the
project's embedded one. What a session creates there carries the session's own name, so that several
checkouts and sessions share a server; it goes when the session ends, and what a killed session left
behind goes when the next one starts.
"""

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import namedtuple_row

from trueup import migrations, statements
from trueup.systems import LEDGER

ROOT = Path(__file__).resolve().parents[1]
_MARK = "trueup_test_"


@dataclass
class Database:
    """A database of one test. The engine connects as the role that runs it; it is no superuser."""

    name: str
    conninfo: str
    admin_conninfo: str
    _opened: list[Connection] = field(default_factory=list)

    def connect(self, purpose: str = "test") -> Connection:
        """A session as the engine opens it."""
        return self._keep(statements.connect(self.conninfo, purpose))

    def admin(self) -> Connection:
        """A session in autocommit of the role that made the database."""
        return self._keep(
            psycopg.connect(self.admin_conninfo, autocommit=True, row_factory=namedtuple_row)
        )

    def rows(self, query: str, *values: Any) -> list[Any]:
        """What an outside witness reads: every call is a session of its own."""
        with closing(statements.connect(self.conninfo, "witness")) as witness:
            return witness.execute(query, values or None).fetchall()

    def row(self, query: str, *values: Any) -> Any:
        """The only row that an outside witness reads."""
        (row,) = self.rows(query, *values)
        return row

    def value(self, query: str, *values: Any) -> Any:
        """The only value that an outside witness reads."""
        return self.row(query, *values)[0]

    def do(self, statement: str, *values: Any) -> None:
        """What somebody else commits: a session of its own, with the rights of the admin."""
        with closing(psycopg.connect(self.admin_conninfo, autocommit=True)) as somebody:
            somebody.execute(statement, values or None)

    def close(self) -> None:
        """Close every session that was opened here."""
        for connection in self._opened:
            connection.close()

    def _keep(self, connection: Connection) -> Connection:
        self._opened.append(connection)
        return connection


class Server:
    """The server of a test session, and the databases that the session has there."""

    def __init__(self, conninfo: str, runner: dict[str, str] | None) -> None:
        self.conninfo = conninfo
        self.session = f"{_MARK}{os.getpid()}_{secrets.token_hex(4)}"
        # The name shows in pg_stat_activity for as long as this session lives.
        self.connection = psycopg.connect(
            conninfo, autocommit=True, application_name=self.session, row_factory=namedtuple_row
        )
        self._count = 0
        self._drop_leftovers()
        self._made_role = False
        self._runner = runner or self._make_runner()

    @property
    def runner(self) -> str:
        """The name of the role that the engine connects as."""
        return self._runner["user"]

    def create(self, template: "Database | None" = None) -> Database:
        """Create a database that the runner may build in, or a clone of another one."""
        self._count += 1
        name = f"{self.session}_{self._count}"
        self._run(
            "CREATE DATABASE {} TEMPLATE {}", name, template.name if template else "template0"
        )
        database = Database(
            name,
            make_conninfo(self.conninfo, **self._runner, dbname=name),
            make_conninfo(self.conninfo, dbname=name),
        )
        if template is None:
            self._run("GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {} TO {}", name, self.runner)
            with closing(database.admin()) as admin:
                admin.execute(
                    sql.SQL("GRANT USAGE, CREATE ON SCHEMA public TO {}").format(
                        sql.Identifier(self.runner)
                    )
                )
        return database

    def drop(self, database: Database) -> None:
        """Drop a database, whoever is still connected."""
        database.close()
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", database.name)

    def close(self) -> None:
        """Leave nothing behind."""
        mine = self.connection.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [self.session]
        ).fetchall()
        for row in mine:
            self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", row.datname)
        if self._made_role:
            self._run("DROP ROLE {}", self.runner)
        self.connection.close()

    def _drop_leftovers(self) -> None:
        """Drop what sessions that were killed could not: nobody of their name is connected."""
        dead = self.connection.execute(
            """
            SELECT datname FROM pg_database
            WHERE datname ~ %s AND pg_has_role(datdba, 'USAGE') AND NOT EXISTS (
                SELECT 1 FROM pg_stat_activity
                WHERE application_name = substring(datname FROM %s)
            )
            """,
            [f"^{_MARK}[0-9]+_[0-9a-f]{{8}}_", f"^{_MARK}[0-9]+_[0-9a-f]{{8}}"],
        ).fetchall()
        for row in dead:
            self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", row.datname)

    def _make_runner(self) -> dict[str, str]:
        """A role without any privilege, or this very one where it is none that may make roles."""
        me = self.connection.execute(
            "SELECT rolname, rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        if not (me.rolsuper or me.rolcreaterole):
            return {"user": me.rolname}
        role = {"user": self.session, "password": secrets.token_hex(16)}
        self.connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                sql.Identifier(role["user"]), sql.Literal(role["password"])
            )
        )
        self._made_role = True
        return role

    def _run(self, statement: str, *names: str) -> None:
        self.connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


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
    """The template: a ledger's database with the whole schema and no rows. Nobody connects to it."""
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
