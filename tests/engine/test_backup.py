"""A backup restores to what it was taken of, or the run does not begin to write."""

import logging
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace

import pytest

from conftest import ROOT
from runs import Books, payments
from trueup import backup, statements
from trueup.errors import OperationalFailure, Refused


@pytest.fixture
def attempt(books: Books):
    """A run that is about to write, in books that hold something already."""
    books.open_world()
    books.post_live("alice", "world", "7.00")
    books.database.do(
        """
        CREATE SCHEMA "Büro";
        CREATE TYPE "Büro".mood AS ENUM ('glad', 'sad');
        CREATE TABLE "Büro"."Notes, 1" (
            id SERIAL PRIMARY KEY,
            share DOUBLE PRECISION,
            kept INTERVAL,
            picture BYTEA,
            mood "Büro".mood,
            status VARCHAR(20) CHECK (status IN ('open', 'done')),
            twice DOUBLE PRECISION GENERATED ALWAYS AS (share * 2) STORED
        );
        CREATE INDEX ON "Büro"."Notes, 1" (lower(status)) WHERE status IN ('open', 'done');
        GRANT USAGE ON SCHEMA "Büro" TO public;
        GRANT SELECT ON ALL TABLES IN SCHEMA "Büro" TO public;
        GRANT SELECT ON ALL SEQUENCES IN SCHEMA "Büro" TO public;
        INSERT INTO "Büro"."Notes, 1" (share, kept, picture, mood, status)
        SELECT i / 3.0, i * INTERVAL '1 day 2 hours', '\\xdeadbeef', 'glad', 'open'
        FROM generate_series(1, 1000) AS i;
        """
    )
    return books.begin(payments(5)).to_validated()


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A folder in front of the PATH; `programs(name, script)` puts a program of that name there."""
    folder = tmp_path / "programs"
    folder.mkdir()
    rest = os.environ["PATH"]
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{rest}")

    def put(name: str, script: str) -> None:
        path = folder / name
        path.write_text(f"#!/usr/bin/env bash\nPATH='{rest}'\n{dedent(script)}")
        path.chmod(0o755)

    return put


def take(books: Books, attempt):
    """The backup, as the stage takes it."""
    return backup.take(attempt.connection, attempt.run(), books.database.conninfo, books.backups)


def names(books: Books) -> list[str]:
    """What lies in the folder of backups."""
    return [path.name for path in books.backups.iterdir()]


def scratch_databases(books: Books, attempt) -> list[str]:
    return [
        row.datname
        for row in books.database.rows(
            "SELECT datname FROM pg_database WHERE datname = %s",
            backup.scratch_name(attempt.run()),
        )
    ]


def test_a_backup_restores_to_every_row_of_every_table_of_the_app(books, attempt):
    taken = take(books, attempt)

    path = Path(taken["file"])
    assert path == books.backups / f"{attempt.run_id}.dump"
    assert taken["bytes"] == path.stat().st_size
    kept = attempt.row.figures["backup"]
    rows = {(table["schema"], table["table"]): table["rows"] for table in kept["tables"]}
    assert rows["public", "ledger_entries"] == 1
    assert rows["Büro", "Notes, 1"] == 1000
    assert not [schema for schema, _ in rows if schema == "trueup"]
    assert taken["rows"] == sum(rows.values())
    assert names(books) == [path.name]
    assert scratch_databases(books, attempt) == []


def test_nobody_but_its_owner_may_read_a_backup(books, attempt):
    path = Path(take(books, attempt)["file"])

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_backup_that_stands_is_passed_over(books, attempt):
    taken = take(books, attempt)
    written = Path(taken["file"]).stat().st_mtime_ns

    assert take(books, attempt) == taken
    assert Path(taken["file"]).stat().st_mtime_ns == written


def test_a_backup_that_was_changed_is_taken_anew_as_long_as_nothing_was_written(books, attempt):
    taken = take(books, attempt)
    path = Path(taken["file"])
    with path.open("r+b") as file:
        file.seek(taken["bytes"] // 2)
        file.write(b"tampered")

    take(books, attempt)

    assert backup.is_kept(attempt.run(), books.backups)


def test_a_run_that_has_written_does_not_take_another_backup(books, attempt):
    path = Path(take(books, attempt)["file"])
    attempt.open_posting()
    path.unlink()

    with pytest.raises(OperationalFailure, match="Put the file back, or take the run back"):
        take(books, attempt)
    assert not path.exists()


def test_what_others_write_while_it_is_dumped_is_in_neither(books, attempt, programs):
    programs(
        "pg_dump",
        f"""
        [ "$1" = --version ] || psql -qX "{books.database.admin_conninfo}" -v ON_ERROR_STOP=1 -c \\
            "SELECT post_ledger_entry('MASTER', 'alice', 'world', 1, 'USD', 'fiat', 'LIVE', 'mid')"
        exec pg_dump "$@"
        """,
    )
    take(books, attempt)

    assert "mid" in books.references()
    rows = {table["table"]: table["rows"] for table in attempt.row.figures["backup"]["tables"]}
    assert rows["ledger_entries"] == 1


@pytest.mark.parametrize(
    ("option", "difference"),
    [
        ("--exclude-table-data=ledger_entries", "public.ledger_entries has 0 rows, not 1"),
        ("--exclude-table='\"Büro\".*'", "Büro.Notes, 1 is missing"),
    ],
)
def test_a_dump_that_lacks_something_is_refused_with_its_name(
    books, attempt, programs, option, difference
):
    programs("pg_dump", f'exec pg_dump "$@" {option}')

    with pytest.raises(Refused, match=difference):
        take(books, attempt)
    assert names(books) == []
    assert scratch_databases(books, attempt) == []


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ("UPDATE ledger_entries SET amount = amount + 1", "public.ledger_entries has other rows"),
        ('DROP INDEX \\"Büro\\".\\"Notes, 1_lower_idx\\"', "has other columns, constraints"),
        ("CREATE TABLE more ()", "public.more is too much"),
    ],
)
def test_a_restore_that_brings_something_else_is_refused(
    books, attempt, programs, change, difference
):
    programs(
        "pg_restore",
        f"""
        pg_restore "$@" || exit
        for word; do case $word in --dbname=*) where=${{word#--dbname=}} ;; esac; done
        [ "$1" = --version ] || psql -qX "$where" -v ON_ERROR_STOP=1 -c "{change}" >&2
        """,
    )
    with pytest.raises(Refused, match=difference):
        take(books, attempt)
    assert names(books) == []


def test_a_dump_that_is_no_dump_fails_in_the_words_of_the_program(books, attempt, programs):
    programs("pg_dump", '[ "$1" = --version ] && exec pg_dump "$@"; for word; do case $word in '
             '--file=*) echo rubbish >"${word#--file=}" ;; esac; done')  # fmt: skip

    with pytest.raises(OperationalFailure, match=r"pg_restore ended with 1: .*archive"):
        take(books, attempt)


def test_an_old_program_is_refused_with_both_versions(books, attempt, programs):
    programs("pg_dump", "echo 'pg_dump (PostgreSQL) 14.9 (Debian 14.9-1.pgdg120+1)'")

    with pytest.raises(Refused, match=r"pg_dump on this worker is version 14\.9, and the server"):
        take(books, attempt)


def test_a_worker_without_the_programs_says_what_to_install(books, attempt, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(Refused, match="There is no pg_dump on this worker"):
        take(books, attempt)


def test_a_role_that_may_not_make_databases_is_told_what_to_grant(books, attempt):
    with books.database.admin() as session:
        session.execute("SET ROLE trueup_reader")
        with pytest.raises(Refused, match="ALTER ROLE trueup_reader CREATEDB;"):
            backup.examine(session, attempt.run(), books.backups)


def test_a_table_that_may_not_be_read_is_named(books, attempt):
    books.database.do("CREATE TABLE secrets (word TEXT)")

    with pytest.raises(Refused, match=r"may not read public\.secrets.*GRANT pg_read_all_data"):
        take(books, attempt)


def test_too_little_room_is_refused_with_the_figures(books, attempt, monkeypatch):
    from shutil import _ntuple_diskusage

    monkeypatch.setattr(
        backup.shutil, "disk_usage", lambda _: _ntuple_diskusage(10**9, 10**9 - 5, 5)
    )
    with pytest.raises(Refused, match=r"has 5 bytes free, and \d+ are needed"):
        take(books, attempt)


def test_room_on_a_server_that_cannot_be_seen_is_unknown(books, attempt):
    space = backup.examine(attempt.connection, attempt.run(), books.backups)

    assert space["server_has"] == "unknown"
    assert space["server_needs"] > space["backup_needs"] > 0
    assert space["backup_has"] > 0


@pytest.fixture
def seen_server(books, attempt, tmp_path, monkeypatch):
    """A server whose data directory may be looked into; gives a way to write its pid file."""
    data = tmp_path / "data"
    (data / "base").mkdir(parents=True)
    server = attempt.connection.execute(statements.text("trueup/backup/read_server")).fetchone()
    told = server._replace(data_directory=str(data))
    fetch_one = statements.fetch_one
    monkeypatch.setattr(
        statements,
        "fetch_one",
        lambda connection, name, /, **values: (
            told if name == "trueup/backup/read_server" else fetch_one(connection, name, **values)
        ),
    )

    def write(started: int) -> None:
        (data / "postmaster.pid").write_text(f"1\n{data}\n{started}\n5432\n")

    write(server.started)
    return SimpleNamespace(data=data, started=server.started, write=write)


def test_room_on_a_server_that_runs_here_is_known(books, attempt, seen_server):
    space = backup.examine(attempt.connection, attempt.run(), books.backups)

    assert space["server_has"] > 10**6


def test_the_data_of_another_server_are_not_taken_for_those_of_ours(books, attempt, seen_server):
    seen_server.write(seen_server.started - 1)

    space = backup.examine(attempt.connection, attempt.run(), books.backups)
    assert space["server_has"] == "unknown"


def test_too_little_room_on_the_server_is_refused_with_the_figures(
    books, attempt, seen_server, monkeypatch
):
    from shutil import _ntuple_diskusage

    monkeypatch.setattr(
        backup.shutil,
        "disk_usage",
        lambda path: _ntuple_diskusage(
            10**12, 0, 7 if seen_server.data in path.parents else 10**12
        ),
    )
    with pytest.raises(Refused, match=r"The server has too little room: .* has 7 bytes free"):
        backup.examine(attempt.connection, attempt.run(), books.backups)


def test_a_disk_that_holds_backup_and_server_needs_room_for_both(
    books, attempt, seen_server, monkeypatch
):
    from shutil import _ntuple_diskusage

    needs = backup.examine(attempt.connection, attempt.run(), books.backups)
    room = needs["backup_needs"] + needs["server_needs"]
    for free in (room, room - 1):
        monkeypatch.setattr(
            backup.shutil, "disk_usage", lambda _, free=free: _ntuple_diskusage(free, 0, free)
        )
        if free == room:
            backup.examine(attempt.connection, attempt.run(), books.backups)
        else:
            with pytest.raises(Refused, match=f"and {room} are needed"):
                backup.examine(attempt.connection, attempt.run(), books.backups)


def test_what_a_killed_worker_left_is_dropped_by_the_next(books, attempt):
    name = backup.scratch_name(attempt.run())
    books.database.connect().execute(f'CREATE DATABASE "{name}"')
    books.backups.mkdir()
    (books.backups / f".{attempt.run_id}.dump").write_bytes(b"half")

    take(books, attempt)

    assert scratch_databases(books, attempt) == []
    assert names(books) == [f"{attempt.run_id}.dump"]


def test_a_worker_that_is_killed_as_it_restores_leaves_nothing_that_the_next_one_keeps(
    books, attempt, programs, tmp_path
):
    reached = tmp_path / "reached"
    programs("pg_restore", f'[ "$1" = --version ] && exec pg_restore "$@"; echo $$ >{reached}.new; '
             f"mv {reached}.new {reached}; exec sleep 600")  # fmt: skip
    worker = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from trueup import backup, journal, statements\n"
            "conninfo, run_id, folder = sys.argv[1:]\n"
            "connection = statements.connect(conninfo, 'worker')\n"
            "run = journal.read_run(connection, run_id)\n"
            "backup.take(connection, run, conninfo, Path(folder))",
            books.database.conninfo,
            attempt.run_id,
            str(books.backups),
        ],
        env=os.environ | {"PYTHONPATH": str(ROOT / "dags")},
    )
    try:
        for _ in range(600):
            if reached.exists():
                break
            time.sleep(0.1)
        assert scratch_databases(books, attempt) == [backup.scratch_name(attempt.run())]
    finally:
        worker.kill()
        worker.wait()
    os.kill(int(reached.read_text()), signal.SIGKILL)
    assert names(books) == [f".{attempt.run_id}.dump"]
    assert "backup" not in attempt.row.figures

    programs("pg_restore", 'exec pg_restore "$@"')
    take(books, attempt)
    assert scratch_databases(books, attempt) == []
    assert names(books) == [f"{attempt.run_id}.dump"]


def test_no_password_stands_in_arguments_or_logs(books, attempt, programs, tmp_path, caplog):
    from psycopg.conninfo import conninfo_to_dict

    password = conninfo_to_dict(books.database.conninfo).get("password")
    if not password:
        pytest.skip("this server asks the runner for no password")
    seen = tmp_path / "arguments"
    for program in ("pg_dump", "pg_restore"):
        programs(program, f'echo "$@" >>{seen}\nexec {program} "$@"')
    with caplog.at_level(logging.DEBUG):
        take(books, attempt)

    assert "--snapshot=" in seen.read_text()
    assert password not in seen.read_text()
    assert password not in caplog.text
    assert "dumping contents of table" in caplog.text
    assert password not in str(attempt.row.figures)


def test_the_journal_says_what_was_backed_up(books, attempt):
    taken = take(books, attempt)

    (event,) = books.database.rows(
        "SELECT event FROM trueup.audit_log WHERE event LIKE 'Backed up%'"
    )
    assert taken["sha256"] in event.event
    assert attempt.row.figures["backup"]["sha256"] == taken["sha256"]
