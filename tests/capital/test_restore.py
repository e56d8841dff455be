"""The way back by the backup: the tables are as they were, and what stood since is kept."""

import os
import threading
import time
from contextlib import closing
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import sql

from runs import Attempt, Books
from trueup import backup
from trueup.errors import OperationalFailure, RollbackRefused
from trueup.stages import restore

TABLES = ("Accion", "Junta", "Multa", "PagoPrestamo", "Prestamo")
NEW_LOAN = (
    'INSERT INTO "Prestamo" (id, amount, status, junta_id) '
    "SELECT 'since', 1, 'APPROVED', id FROM \"Junta\" WHERE available_capital >= 1 LIMIT 1"
)


@pytest.fixture
def before(books: Books) -> dict[str, Any]:
    """The app's rows and schema before any migration."""
    return state(books)


@pytest.fixture
def attempt(books: Books, before: dict[str, Any]) -> Attempt:
    """A migration that has cut over; the app has gone on since."""
    attempt = books.begin().to_validated().back_up().open_posting().post()
    attempt.check_balances().constrain().expect().reconcile().cut_over().complete()
    books.database.do(NEW_LOAN)
    return attempt


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore, "_ATTEMPTS", 3)


def state(books: Books) -> dict[str, Any]:
    """Every row of the app's tables, and what they are made of, as an outside witness reads it."""
    rows = books.database.rows
    return {
        "rows": {
            table: rows(f'SELECT to_jsonb(t)::TEXT AS row FROM public."{table}" AS t ORDER BY 1')
            for table in TABLES
        },
        "tables": rows(
            "SELECT relname, relkind, pg_get_userbyid(relowner) AS owner FROM pg_class "
            "WHERE relnamespace = 'public'::REGNAMESPACE AND relkind IN ('r', 'S', 'v') ORDER BY 1"
        ),
        "columns": rows(
            "SELECT table_name, column_name, data_type, column_default, is_nullable "
            "FROM information_schema.columns WHERE table_schema = 'public' "
            "ORDER BY table_name, ordinal_position"
        ),
        "constraints": rows(
            "SELECT conrelid::REGCLASS::TEXT AS of, conname, pg_get_constraintdef(oid) AS makes "
            "FROM pg_constraint WHERE connamespace = 'public'::REGNAMESPACE ORDER BY 1, 2"
        ),
        "indexes": rows("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"),
        "triggers": rows(
            "SELECT pg_get_triggerdef(oid) AS makes FROM pg_trigger "
            "WHERE NOT tgisinternal AND tgrelid IN ("
            "SELECT oid FROM pg_class WHERE relnamespace = 'public'::REGNAMESPACE) ORDER BY 1"
        ),
        "grants": rows(
            "SELECT relname, granted.grantee::REGROLE::TEXT AS grantee, granted.privilege_type "
            "FROM pg_class, aclexplode(relacl) AS granted "
            "WHERE relnamespace = 'public'::REGNAMESPACE AND granted.grantee <> relowner "
            "ORDER BY 1, 2, 3"
        ),
    }


def take_back(books: Books, attempt: Attempt, **asked: Any) -> dict[str, Any]:
    """Restore the run, as the task does."""
    around = restore.Surroundings(books.database.conninfo, books.backups, **asked)
    return restore.restore(attempt.connection, attempt.run(), around)


def assert_nothing_is_left(books: Books, attempt: Attempt) -> None:
    """No scratch database, no schema beside, no draft."""
    assert not books.database.rows(
        "SELECT 1 FROM pg_database WHERE datname = %s", backup.scratch_name(attempt.run())
    )
    assert not books.database.rows("SELECT 1 FROM pg_namespace WHERE nspname = 'trueup_restored'")
    assert [path.name for path in books.backups.iterdir()] == [f"{attempt.run_id}.dump"]


def test_a_restore_brings_every_row_and_the_schema_back(books, before, attempt):
    assert state(books) != before

    done = take_back(books, attempt)

    assert state(books) == before
    assert attempt.row.status == "rolled_back"
    assert done["proof"] == "equal"
    assert done["rows"] == sum(len(rows) for rows in before["rows"].values())
    assert done["replaced"] in attempt.row.message
    assert_nothing_is_left(books, attempt)


def test_what_was_written_since_the_backup_is_kept_aside(books, attempt):
    aside = take_back(books, attempt)["replaced"]

    assert not books.database.rows("SELECT 1 FROM \"Prestamo\" WHERE id = 'since'")
    assert books.database.rows(f'SELECT 1 FROM "{aside}"."Prestamo" WHERE id = \'since\'')
    assert books.database.value(f'SELECT count(*) FROM "{aside}".capital_movements') > 600


def test_what_is_kept_aside_moves_nothing_any_more(books, attempt):
    aside = take_back(books, attempt)["replaced"]
    again = books.begin().to_validated().back_up().open_posting().post()
    again.check_balances().constrain().expect().reconcile().cut_over().complete()
    movements = books.database.rows("SELECT * FROM capital_movements ORDER BY id")

    books.database.do(f'DELETE FROM "{aside}".capital_movements')
    books.database.do(f'DELETE FROM "{aside}"."Accion"')

    assert movements == books.database.rows("SELECT * FROM capital_movements ORDER BY id")


def test_the_restored_tables_can_be_migrated_again(books, before, attempt):
    take_back(books, attempt)
    again = books.begin().to_validated().back_up().open_posting().post()
    again.check_balances().constrain().expect().reconcile().cut_over().complete()

    assert again.row.status == "completed"
    assert take_back(books, again)["proof"] == "equal"
    assert state(books) == before


def test_a_restore_that_is_done_is_passed_over(books, attempt):
    done = take_back(books, attempt)

    assert take_back(books, attempt) == done


def test_grants_stay(books, server, juntas):
    juntas.do('GRANT SELECT, INSERT ON "Prestamo" TO trueup_reader')
    juntas.do('GRANT SELECT (id) ON "Multa" TO trueup_reader')
    before = state(books)
    attempt = books.begin().to_validated().back_up().open_posting().post()
    take_back(books, attempt)

    assert state(books) == before
    assert before["grants"]
    assert juntas.value("SELECT has_column_privilege('trueup_reader', '\"Multa\"', 'id', 'SELECT')")


def test_grants_are_those_of_today_and_not_those_of_the_backup(books, juntas):
    def may(table: str, right: str, column: str | None = None) -> bool:
        if column:
            return juntas.value(
                "SELECT has_column_privilege('trueup_reader', %s, %s, %s)",
                f'"{table}"', column, right,
            )  # fmt: skip
        return juntas.value(
            "SELECT has_table_privilege('trueup_reader', %s, %s)", f'"{table}"', right
        )

    juntas.do('GRANT SELECT, INSERT, DELETE ON "Prestamo" TO trueup_reader')
    juntas.do('GRANT SELECT (id), UPDATE (amount) ON "Multa" TO trueup_reader')
    attempt = books.begin().to_validated().back_up().open_posting().post()
    attempt.check_balances().constrain().expect().reconcile().cut_over().complete()
    juntas.do('REVOKE DELETE ON "Prestamo" FROM trueup_reader')
    juntas.do('REVOKE UPDATE (amount) ON "Multa" FROM trueup_reader')
    juntas.do('GRANT UPDATE ON "Prestamo" TO trueup_reader')
    juntas.do('GRANT SELECT (amount) ON "Multa" TO trueup_reader')
    juntas.do('GRANT SELECT (name, current_capital) ON "Junta" TO trueup_reader')

    take_back(books, attempt)

    allowed = [
        right for right in ("SELECT", "INSERT", "UPDATE", "DELETE") if may("Prestamo", right)
    ]
    assert allowed == ["SELECT", "INSERT", "UPDATE"]
    assert may("Multa", "SELECT", "id")
    assert may("Multa", "SELECT", "amount")
    assert not may("Multa", "UPDATE", "amount")
    assert may("Junta", "SELECT", "name")
    assert not may("Junta", "SELECT", "id")


def test_tables_of_another_owner_stay_his(books, juntas):
    before = state(books)
    another = replace(books, database=replace(juntas, conninfo=juntas.admin_conninfo))
    attempt = another.begin().to_validated().back_up()
    books.database.do('DELETE FROM "Multa"')
    take_back(another, attempt)

    assert state(books) == before
    (owner,) = {row.owner for row in before["tables"] if row.relname in TABLES}
    assert owner != attempt.connection.info.user


def test_a_migration_that_has_not_cut_over_can_be_restored_too(books, before):
    attempt = books.begin().to_validated().back_up().open_posting().post()
    take_back(books, attempt)

    assert state(books) == before
    assert books.begin().to_validated().row.status == "validating"


def test_without_a_backup_there_is_no_restore(books):
    attempt = books.begin().to_validated()

    with pytest.raises(RollbackRefused, match="has no backup"):
        take_back(books, attempt)
    assert attempt.row.status == "validating"


def test_a_backup_that_was_changed_is_not_restored(books, attempt):
    with backup.path_of(attempt.run(), books.backups).open("ab") as file:
        file.write(b"more")

    with pytest.raises(RollbackRefused, match="is not the file that was tested"):
        take_back(books, attempt)
    assert attempt.row.status == "completed"


@pytest.mark.parametrize(
    ("bound", "named"),
    [
        ('CREATE VIEW loans AS SELECT * FROM "Prestamo"', "view loans"),
        (
            "CREATE TABLE visits (movement TEXT REFERENCES capital_movements (id))",
            "constraint visits_movement_fkey on table visits",
        ),
        (
            "CREATE FUNCTION count_loans() RETURNS BIGINT LANGUAGE sql "
            'RETURN (SELECT count(*) FROM "Prestamo")',
            r"function count_loans\(\)",
        ),
        ('CREATE PUBLICATION app FOR TABLE "Multa"', "publication app"),
    ],
    ids=["view", "key", "function", "publication"],
)
def test_what_is_bound_to_the_tables_is_named_and_nothing_changes(books, attempt, bound, named):
    with closing(psycopg.connect(books.database.conninfo, autocommit=True)) as app:
        app.execute("GRANT CREATE ON SCHEMA public TO CURRENT_USER")
        if bound.startswith("CREATE PUBLICATION"):
            with closing(books.database.admin()) as owner:
                owner.execute(
                    sql.SQL("GRANT CREATE ON DATABASE {} TO PUBLIC").format(
                        sql.Identifier(books.database.name)
                    )
                )
        app.execute(bound)
    stood = state(books)

    with pytest.raises(RollbackRefused, match=named):
        take_back(books, attempt)
    assert attempt.row.status == "completed"
    assert state(books) == stood


def test_keys_of_other_tables_lead_to_the_restored_ones(books, before, attempt):
    take_back(books, attempt)

    keys = [row.conname for row in before["constraints"] if row.of == '"Member"']
    assert "Member_junta_id_fkey" in keys
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        books.database.do(
            'INSERT INTO "Member" (id, name, document_number, junta_id) '
            "VALUES ('nobody', 'Nobody', '0', 'no junta')"
        )


def test_a_row_of_another_table_that_names_a_newer_one_is_an_obstacle_in_words(books, attempt):
    books.database.do("INSERT INTO \"Junta\" (id, name) VALUES ('newer', 'Newer')")
    books.database.do(
        'INSERT INTO "Member" (id, name, document_number, junta_id) '
        "VALUES ('ana', 'Ana', '1', 'newer')"
    )
    stood = state(books)

    with pytest.raises(RollbackRefused, match=r"Key \(junta_id\)=\(newer\) is not present"):
        take_back(books, attempt)
    assert state(books) == stood

    books.database.do("DELETE FROM \"Member\" WHERE id = 'ana'")
    assert take_back(books, attempt)["proof"] == "equal"


def test_who_keeps_the_tables_is_named_and_nothing_changes(books, attempt):
    stood = state(books)
    with closing(psycopg.connect(books.database.conninfo, application_name="a desk")) as other:
        other.execute('SELECT count(*) FROM "Prestamo"')
        with pytest.raises(RollbackRefused, match=r"a desk, idle in transaction"):
            take_back(books, attempt)

    assert attempt.row.status == "rollback_failed"
    assert state(books) == stood
    assert_nothing_is_left(books, attempt)
    assert take_back(books, attempt)["proof"] == "equal"


def test_who_keeps_the_tables_is_sent_away_when_that_is_asked_for(books, before, attempt):
    with closing(psycopg.connect(books.database.conninfo)) as other:
        other.execute('SELECT count(*) FROM "Prestamo"')
        take_back(books, attempt, cancel_sessions=True)

        with pytest.raises(psycopg.OperationalError):
            other.execute("SELECT 1")
    assert state(books) == before


def test_a_statement_that_keeps_the_tables_is_cancelled_and_its_session_lives(
    books, before, attempt
):
    with closing(psycopg.connect(books.database.conninfo, autocommit=True)) as other:
        failed: list[type[Exception]] = []

        def sit() -> None:
            try:
                other.execute('SELECT count(*), pg_sleep(60) FROM "Prestamo"')
            except psycopg.Error as error:
                failed.append(type(error))

        sitting = threading.Thread(target=sit)
        sitting.start()
        while not restore._holders(attempt.connection, attempt.run()):
            time.sleep(0.05)
        take_back(books, attempt, cancel_sessions=True)
        sitting.join(timeout=30)

        assert failed == [psycopg.errors.QueryCanceled]
        assert other.execute("SELECT 1").fetchone() == (1,)
    assert state(books) == before


@pytest.mark.parametrize("program", ["pg_restore", "pg_dump"])
def test_a_program_that_dies_leaves_a_restore_that_can_be_repeated(
    books, before, attempt, tmp_path, monkeypatch, program
):
    put = tmp_path / "programs"
    put.mkdir()
    script = put / program
    script.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "x (PostgreSQL) 99" || kill -9 $$\n')
    script.chmod(0o755)
    stood = state(books)
    with monkeypatch.context() as patched:
        patched.setenv("PATH", f"{put}{os.pathsep}{os.environ['PATH']}")
        with pytest.raises(OperationalFailure, match=f"{program} ended with -9"):
            take_back(books, attempt)

    assert attempt.row.status == "rolling_back"
    assert state(books) == stood
    assert take_back(books, attempt)["proof"] == "equal"
    assert state(books) == before
    assert_nothing_is_left(books, attempt)


def test_what_a_killed_worker_left_beside_is_dropped_by_the_next(books, before, attempt):
    with closing(psycopg.connect(books.database.conninfo, autocommit=True)) as killed:
        killed.execute("CREATE SCHEMA trueup_restored")
        killed.execute('CREATE TABLE trueup_restored."Prestamo" (id TEXT)')
        killed.execute(
            sql.SQL("CREATE DATABASE {}").format(sql.Identifier(backup.scratch_name(attempt.run())))
        )
    orphan = psycopg.connect(
        books.database.conninfo,
        autocommit=True,
        application_name=backup.program_name(attempt.run()),
    )
    take_back(books, attempt)

    with closing(orphan), pytest.raises(psycopg.OperationalError):
        orphan.execute("SELECT 1")
    assert state(books) == before
    assert_nothing_is_left(books, attempt)


def test_a_worker_that_is_killed_as_it_exchanges_leaves_all_as_it_stood(
    books, before, attempt, monkeypatch
):
    stood = state(books)

    class Killed(BaseException):
        """Nothing of ours runs any more."""

    def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(restore, "_check_shapes", die)
        with pytest.raises(Killed):
            take_back(books, attempt)
    assert state(books) == stood

    take_back(books, attempt)
    assert state(books) == before


def test_a_sequence_goes_on_where_it_had_come_to(books, juntas):
    with closing(psycopg.connect(juntas.conninfo, autocommit=True)) as app:
        app.execute('ALTER TABLE "Multa" ADD COLUMN number SERIAL')
        attempt = books.begin().to_validated().back_up().open_posting().post()
        (last,) = app.execute("SELECT nextval('\"Multa_number_seq\"')").fetchone()
    take_back(books, attempt)

    assert juntas.value("SELECT nextval('\"Multa_number_seq\"')") == last + 1
