"""A backup that is known to restore: a snapshot is dumped, restored beside, and compared."""

import logging
import os
import re
import shutil
import subprocess
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from trueup import fingerprints, journal, statements
from trueup.errors import OperationalFailure, Refused
from trueup.journal import Run

log = logging.getLogger(__name__)

# A table's content: schema, table, rows, and the hashes of its rows and of what it is made of.
Table = dict[str, Any]

_LOCK_WAIT = "60s"

# What a program says of its progress; all else that it says is kept for the case that it fails.
_PROGRESS = ("dumping contents of table", "processing data for table")


def examine(connection: Connection, run: Run, folder: Path) -> dict[str, Any]:
    """See that a backup can be taken, dumped into `folder` and tried out on the server.

    Gives what it needs and what is free, in bytes; `unknown` where the server's disk cannot be
    seen. Raises Refused with what to do when a program, a right or room is missing.
    """
    server = statements.fetch_one(connection, "trueup/backup/read_server")
    for program in ("pg_dump", "pg_restore"):
        _refuse_old(program, server)
    if not server.may_create_databases:
        raise Refused(
            f"The backup is tried out in a scratch database, and {server.role} may not make one. "
            f"Let an administrator of the server run: ALTER ROLE {server.role} CREATEDB;"
        )
    tables = _list_tables(connection, run)
    if unreadable := [table.full_name for table in tables if not table.readable]:
        raise Refused(
            f"{server.role} may not read {', '.join(unreadable)}, and a backup holds every table "
            f"of {connection.info.dbname}. Let an administrator run: GRANT pg_read_all_data TO "
            f"{server.role};"
        )
    return _refuse_narrow(server, tables, _opened(folder))


def take(connection: Connection, run: Run, conninfo: str, folder: Path) -> dict[str, Any]:
    """Back the database up into `folder`, all but the rows of schema trueup; prove it by a restore.

    Gives file, bytes, sha256, tables, rows and seconds, which the journal keeps as well. A backup
    of this run that stands as it was remembered is passed over. Raises Refused when none can be
    taken or it does not restore to what was dumped, OperationalFailure when a program fails or the
    run has begun to write and its backup is gone.
    """
    if is_kept(run, folder):
        journal.log(connection, run, f"The backup {path_of(run, folder)} stands as it was tested.")
        return _summary(run.row.figures["backup"])
    if run.row.state_hash_before is not None:
        raise OperationalFailure(
            f"The backup {path_of(run, folder)} is gone or was changed, and run {run.run_id} has "
            "begun to write: no other can be taken of how it was before. Put the file back, or "
            "take the run back."
        )
    space = examine(connection, run, folder)
    started, taken_at = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    drop_leftovers(connection, run)
    draft = folder / f".{path_of(run, folder).name}"
    draft.unlink(missing_ok=True)
    try:
        tables = _dump(run, conninfo, draft)
        sha256 = fingerprints.of_file(draft)
        log.info("Dumped %d bytes; restoring them into a scratch database", draft.stat().st_size)
        with scratch(connection, run, conninfo) as beside:
            restore(run, draft, beside)
            with closing(statements.connect(beside, f"compare {run.run_id}")) as session:
                restored = contents(session, run)
        if differences := compare(tables, restored):
            raise Refused(
                "The backup does not restore to what was dumped, and nothing was written: "
                f"{'; '.join(differences)}."
            )
        draft.replace(path_of(run, folder))
    finally:
        draft.unlink(missing_ok=True)
    taken = {
        "file": str(path_of(run, folder)),
        "bytes": path_of(run, folder).stat().st_size,
        "sha256": sha256,
        "taken_at": taken_at,
        "rows": sum(table["rows"] for table in tables),
        "seconds": f"{time.monotonic() - started:.1f}",
        "space": space,
        "tables": tables,
    }
    journal.add_figures(connection, run, backup=taken)
    journal.log(
        connection,
        run,
        f"Backed up {len(tables)} tables with {taken['rows']} rows into {taken['file']} "
        f"({taken['bytes']} bytes, SHA-256 {sha256}); restored beside, every row is the same.",
    )
    return _summary(taken)


def path_of(run: Run, folder: Path) -> Path:
    """Where a run's backup lies."""
    return folder / f"{run.run_id}.dump"


def is_kept(run: Run, folder: Path) -> bool:
    """Whether a run's tested backup is there, byte for byte as the journal remembers it."""
    taken, path = run.row.figures.get("backup"), path_of(run, folder)
    return bool(taken) and path.is_file() and fingerprints.of_file(path) == taken["sha256"]


def contents(session: Connection, run: Run) -> list[Table]:
    """Every table of the app as one snapshot shows it: its rows counted and hashed, its shape."""
    with statements.snapshot(session):
        return _contents(session, run)


def hash_rows(session: Connection, schema: str, table: str) -> dict[str, Any]:
    """The rows of a table, counted and hashed; within a transaction whose output is fixed."""
    name = sql.Identifier(schema, table)
    found = statements.execute_composed(
        session, "trueup/backup/hash_table", {"source": name}, table=name.as_string(session)
    ).fetchone()
    log.info("%s in %s: %d rows hashed", name.as_string(), session.info.dbname, found.rows)
    return found._asdict()


def hash_shape(session: Connection, schema: str, table: str) -> str:
    """The hash of what a table is made of; within a transaction whose output is fixed."""
    name = sql.Identifier(schema, table).as_string(session)
    return statements.fetch_one(session, "trueup/backup/hash_shape", table=name).shape


def fix_output(session: Connection) -> None:
    """Let values be written alike in this transaction, and names be those of the catalog alone."""
    statements.execute_script(session, "trueup/backup/fix_output")


def compare(wanted: Sequence[Table], found: Sequence[Table]) -> list[str]:
    """Say of every table in what it differs; nothing where all are the same."""
    stand = {(table["schema"], table["table"]): table for table in found}
    differences = []
    for table in wanted:
        name = f"{table['schema']}.{table['table']}"
        other = stand.pop((table["schema"], table["table"]), None)
        if other is None:
            differences.append(f"{name} is missing")
        elif other["rows"] != table["rows"]:
            differences.append(f"{name} has {other['rows']} rows, not {table['rows']}")
        elif other["content"] != table["content"]:
            differences.append(f"{name} has other rows")
        elif other["shape"] != table["shape"]:
            differences.append(f"{name} has other columns, constraints, indexes or triggers")
    return differences + [f"{schema}.{table} is too much" for schema, table in stand]


@contextmanager
def scratch(connection: Connection, run: Run, conninfo: str) -> Iterator[str]:
    """An empty database of this run's own, dropped at the end; gives how to connect to it."""
    name = scratch_name(run)
    composed = statements.fetch_one(connection, "trueup/backup/compose_scratch", name=name)
    connection.execute(composed.statement)
    try:
        statements.execute_composed(
            connection, "trueup/backup/close_scratch", {"scratch": sql.Identifier(name)}
        )
        yield make_conninfo(conninfo, dbname=name)
    finally:
        _drop(connection, name)


def scratch_name(run: Run) -> str:
    """The name of a run's scratch database; a name has 63 bytes at most."""
    return f"trueup_{run.run_id[-56:]}"


def drop_leftovers(connection: Connection, run: Run) -> None:
    """Drop the scratch databases that killed runs of this system have left; no other is at work."""
    for left in statements.fetch_all(
        connection, "trueup/backup/list_scratch", system=run.system.name
    ):
        log.info("Dropping %s, which a killed worker has left", left.name)
        _drop(connection, left.name)


def dump(run: Run, conninfo: str, path: Path, *options: str) -> None:
    """Write what pg_dump gives into a file that only its owner may read."""
    _run("pg_dump", run, conninfo, "--format=custom", f"--file={path}", *options)


def restore(run: Run, path: Path, conninfo: str) -> None:
    """Bring what a dump holds into a database, with its grants; the first error ends it.

    It belongs to who restores it.
    """
    _run("pg_restore", run, conninfo, "--exit-on-error", "--no-owner", str(path))


def program_name(run: Run) -> str:
    """By what name PostgreSQL's programs show in pg_stat_activity when they work for a run."""
    return f"trueup program {run.run_id[-40:]}"


def _dump(run: Run, conninfo: str, draft: Path) -> list[Table]:
    """Dump the database as one snapshot shows it, and give its tables as the same one does."""
    with (
        closing(statements.connect(conninfo, f"back_up {run.run_id}")) as session,
        statements.snapshot(session),
    ):
        seen = statements.fetch_one(session, "trueup/backup/export_snapshot").snapshot
        tables = _contents(session, run)
        dump(
            run,
            conninfo,
            draft,
            f"--snapshot={seen}",
            f"--lock-wait-timeout={_LOCK_WAIT}",
            # Our own rows are not the app's. What holds them is dumped all the same: views and
            # functions that stand beside the app's tables refer to it.
            "--exclude-table-data=trueup.*",
            "--no-publications",
            "--no-subscriptions",
        )
    return tables


def _contents(session: Connection, run: Run) -> list[Table]:
    tables = _list_tables(session, run)
    fix_output(session)
    return [
        {
            "schema": table.schema_name,
            "table": table.table_name,
            "of_system": table.of_system,
            **hash_rows(session, table.schema_name, table.table_name),
            "shape": hash_shape(session, table.schema_name, table.table_name),
        }
        for table in tables
    ]


def _list_tables(connection: Connection, run: Run) -> list[Any]:
    return statements.fetch_all(
        connection, "trueup/backup/list_tables", tables=list(run.system.tables)
    )


def _summary(taken: dict[str, Any]) -> dict[str, Any]:
    """What travels as XCom: no table one by one."""
    return {**taken, "tables": len(taken["tables"])}


def _drop(connection: Connection, name: str) -> None:
    parts = {"scratch": sql.Identifier(name)}
    try:
        statements.execute_composed(connection, "trueup/backup/drop_scratch", parts)
    except psycopg.errors.InsufficientPrivilege:
        # An autovacuum worker is in there: only a superuser may end it.
        statements.execute_composed(connection, "trueup/backup/drop_unused_scratch", parts)


def _refuse_old(program: str, server: Any) -> None:
    """Raise Refused when a program is missing or older than the server that it is to read."""
    if shutil.which(program) is None:
        raise Refused(
            f"There is no {program} on this worker. Install the client programs of PostgreSQL "
            f"{server.major} or newer, and put them on its PATH."
        )
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    version = re.search(r"PostgreSQL\) ((\d+)\S*)", said.stdout)
    if version is None:
        raise Refused(f"{program} on this worker is none of PostgreSQL's: it says {said.stdout!r}.")
    if int(version[2]) < server.major:
        raise Refused(
            f"{program} on this worker is version {version[1]}, and the server runs "
            f"{server.version}: an older program cannot dump a newer server. Install the client "
            f"programs of PostgreSQL {server.major} or newer, and put them first on its PATH."
        )


def _opened(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(
            f"The folder for backups, {folder}, cannot be made: {error.strerror}. Let "
            "TRUEUP_BACKUPS name one that the workers may write into."
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Refused(
            f"The workers may not write into {folder}, the folder for backups. Let TRUEUP_BACKUPS "
            "name one that they may write into."
        )
    return folder


def _refuse_narrow(server: Any, tables: Sequence[Any], folder: Path) -> dict[str, Any]:
    """Raise Refused when a disk has less room than is needed; a dump is smaller than its tables.

    The server needs room for the scratch database and for what the run makes beside the tables.
    """
    all_tables = sum(table.bytes for table in tables)
    of_system = sum(table.bytes for table in tables if table.of_system)
    data = _data_directory(server)
    space = {
        "folder": str(folder),
        "backup_needs": all_tables,
        "backup_has": shutil.disk_usage(folder).free,
        "server_needs": all_tables + of_system,
        "server_has": shutil.disk_usage(data).free if data else "unknown",
    }
    needed = space["backup_needs"]
    if data and data.stat().st_dev == folder.stat().st_dev:
        needed += space["server_needs"]  # both come out of the same disk
    if space["backup_has"] < needed:
        raise Refused(
            f"There is too little room for a backup: {folder} has {space['backup_has']} bytes "
            f"free, and {needed} are needed. Make room, or let TRUEUP_BACKUPS name another folder."
        )
    if data and space["server_has"] < space["server_needs"]:
        raise Refused(
            f"The server has too little room: {data} has {space['server_has']} bytes free, and "
            f"{space['server_needs']} are needed to try the backup out and for the new tables. "
            "Make room there."
        )
    return space


def _data_directory(server: Any) -> Path | None:
    """The server's data, if it runs on this machine and we may look: its own pid file proves it."""
    if not server.data_directory:
        return None
    try:
        lines = Path(server.data_directory, "postmaster.pid").read_text().splitlines()
    except OSError:
        return None
    same = lines[2:3] == [str(server.started)]
    return Path(server.data_directory, "base") if same else None


def _run(program: str, run: Run, conninfo: str, *options: str) -> None:
    """Run a program of PostgreSQL's and log its progress. Raises OperationalFailure in its words.

    Its password is in its environment: everybody on the machine may read its arguments.
    """
    where = conninfo_to_dict(conninfo) | {"application_name": program_name(run)}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment["LC_ALL"] = "C"
    for name, variable in (("password", "PGPASSWORD"), ("passfile", "PGPASSFILE")):
        if value := where.pop(name, None):
            environment[variable] = str(value)
    last: deque[str] = deque(maxlen=5)
    with subprocess.Popen(
        [program, "--verbose", "--no-password", f"--dbname={make_conninfo(**where)}", *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
        umask=0o077,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            for line in process.stderr or ():
                if any(each in line for each in _PROGRESS):
                    log.info("%s", line.strip())
                else:
                    last.append(line.strip())
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise OperationalFailure(
            f"{program} ended with {process.returncode}: "
            f"{' '.join(line for line in last if 'error' in line or 'detail' in line.lower())}"
        )
