"""The way back after success: what it would lose is seen before anything is changed."""

import time
from contextlib import closing

import psycopg
import pytest

import juntas as hand
from databases import Database
from runs import Attempt, Books
from trueup import nights, opening, statements
from trueup.errors import RollbackRefused
from trueup.systems import CAPITAL


@pytest.fixture
def attempt(books: Books) -> Attempt:
    """A migration that is completed, and its worker."""
    attempt = hand.prove(books.begin().to_posting()).cut_over().complete()
    assert attempt.row.status == "completed"
    return attempt


def findings(database: Database, check: str) -> list[str]:
    """What a night says of the juntas by one check."""
    with closing(database.connect()) as connection:
        night = nights.look(connection, CAPITAL, "nightly_reconciliation", "test")
        return [
            f"{row.severity}: {row.subject}"
            for row in nights.findings(connection, night.night_id)
            if row.check_name == check
        ]


def refuses(attempt: Attempt, said: str) -> str:
    """See an undo refused, and that it has changed nothing."""
    before = attempt.database.rows("SELECT relname, relfilenode FROM pg_class ORDER BY 1")
    with pytest.raises(RollbackRefused, match=said) as refused:
        attempt.roll_back()
    now = attempt.database.rows("SELECT relname, relfilenode FROM pg_class ORDER BY 1")
    assert [row for row in now if row not in before] == []
    assert attempt.row.status == "completed"
    return str(refused.value)


def test_rows_that_were_loaded_past_the_triggers_are_seen_at_night_and_no_undo_loses_them(
    attempt, juntas
):
    assert findings(juntas, "lagging_rows") == []
    juntas.do('ALTER TABLE "Prestamo" DISABLE TRIGGER USER')
    juntas.do(
        "INSERT INTO \"Prestamo\" (id, amount, status, junta_id) "
        "SELECT 'loaded', 5, 'PENDING', min(id) FROM \"Junta\""
    )  # fmt: skip
    assert any("trueup_2_shadow" in row for row in findings(juntas, "broken_movements"))
    juntas.do('ALTER TABLE "Prestamo" ENABLE TRIGGER USER')

    assert findings(juntas, "lagging_rows") == ['critical: "Prestamo" loaded']
    refuses(attempt, 'the first is loaded of "Prestamo"')

    juntas.do("UPDATE \"Prestamo\" SET amount = amount WHERE id = 'loaded'")
    assert findings(juntas, "lagging_rows") == []
    assert attempt.roll_back()["proof"] == "equal"
    assert juntas.value("SELECT amount FROM \"Prestamo\" WHERE id = 'loaded'") == 5


def test_an_amount_that_ends_in_zeros_is_the_same_in_the_old_table(attempt, juntas):
    juntas.do(
        "INSERT INTO \"Prestamo\" (id, amount, status, junta_id) "
        "SELECT 'zeros', 5.50, 'PENDING', min(id) FROM \"Junta\""
    )  # fmt: skip
    assert findings(juntas, "lagging_rows") == []
    assert attempt.roll_back()["proof"] == "equal"


@pytest.mark.parametrize(
    ("altered", "named", "back"),
    [
        (
            'ALTER TABLE "Prestamo" ADD note TEXT; UPDATE "Prestamo" SET note = \'said\'',
            'the column note of "Prestamo" is not on "PrestamoOld"',
            'ALTER TABLE "Prestamo" DROP note',
        ),
        (
            'ALTER TABLE "Accion" ADD note TEXT',
            'the column note of "Accion" is new',
            'ALTER TABLE "Accion" DROP note',
        ),
        (
            'CREATE INDEX by_member ON "Accion" (member_id)',
            'the index by_member of "Accion" is new',
            "DROP INDEX by_member",
        ),
        (
            'CREATE INDEX by_member ON "Prestamo" (member_id)',
            'the index by_member of "Prestamo" is not on "PrestamoOld"',
            "DROP INDEX by_member",
        ),
        (
            'GRANT SELECT ON "Multa" TO PUBLIC',
            'the grant SELECT to PUBLIC of "Multa" is new',
            'REVOKE SELECT ON "Multa" FROM PUBLIC',
        ),
        (
            'GRANT SELECT ON "PagoPrestamo" TO PUBLIC',
            'the grant SELECT to PUBLIC of "PagoPrestamo" is not on "PagoPrestamoOld"',
            'REVOKE SELECT ON "PagoPrestamo" FROM PUBLIC',
        ),
        (
            'DROP INDEX "Multa_junta_id_idx"',
            'the index Multa_junta_id_idx of "Multa" is gone',
            'CREATE INDEX "Multa_junta_id_idx" ON "Multa" (junta_id)',
        ),
    ],
)  # fmt: skip
def test_a_schema_that_was_altered_since_is_named_before_an_undo_and_the_run_stays_completed(
    attempt, juntas, altered, named, back
):
    juntas.do(altered)
    assert named in refuses(attempt, "have been altered since run")
    juntas.do(back)
    assert attempt.roll_back()["proof"] == "equal"


def test_capital_may_be_indexed_and_goes_with_its_index(attempt, juntas):
    juntas.do('CREATE INDEX rich ON "Junta" (current_capital)')
    assert attempt.roll_back()["proof"] == "equal"


@pytest.mark.parametrize(
    ("bound", "named", "drop"),
    [
        (
            'CREATE VIEW rich AS SELECT id FROM "Junta" WHERE current_capital > 0',
            "view rich", "DROP VIEW rich",
        ),
        (
            'CREATE TABLE notes (loan TEXT REFERENCES "Prestamo" (id))',
            "constraint notes_loan_fkey on table notes", "DROP TABLE notes",
        ),
        (
            "CREATE FUNCTION moved() RETURNS BIGINT LANGUAGE sql "
            "RETURN (SELECT count(*) FROM capital_movements)",
            r"function moved\(\)", "DROP FUNCTION moved",
        ),
        (
            'CREATE PUBLICATION told FOR TABLE "Prestamo"', "publication told",
            "DROP PUBLICATION told",
        ),
    ],
    ids=["view", "key", "function", "publication"],
)  # fmt: skip
def test_what_is_bound_to_what_an_undo_drops_is_named_before_anything_is_changed(
    attempt, juntas, bound, named, drop
):
    as_owner(juntas, bound)
    refuses(attempt, named)
    as_owner(juntas, drop)
    assert attempt.roll_back()["proof"] == "equal"


def as_owner(database: Database, statement: str) -> None:
    """What the app's owner does; tables that he makes may lead to his own."""
    with closing(psycopg.connect(database.conninfo, autocommit=True)) as owner:
        owner.execute(statement)


def test_what_comes_to_be_bound_behind_the_look_leaves_no_run_that_is_rolling_back(
    attempt, juntas, monkeypatch
):
    """The look and the lock are two moments: the database itself may say no."""
    as_owner(juntas, 'CREATE VIEW rich AS SELECT id FROM "Junta" WHERE current_capital > 0')
    as_owner(
        juntas,
        "CREATE OR REPLACE FUNCTION capital_dependents() RETURNS TABLE (dependent TEXT) "
        "LANGUAGE sql AS 'SELECT NULL::TEXT WHERE FALSE'",
    )
    with pytest.raises(RollbackRefused, match="because other objects depend on it"):
        attempt.roll_back()
    assert attempt.row.status == "rollback_failed"
    as_owner(juntas, "DROP VIEW rich")
    assert attempt.roll_back()["proof"] == "equal"


def test_an_undo_that_cannot_be_proved_watches_nobody_any_more(attempt, juntas):
    """The schema changes between the undo and its proof: that is said, and the books are closed."""
    as_owner(
        juntas,
        "ALTER FUNCTION capital_schema_hash() RENAME TO honest_hash; "
        "CREATE FUNCTION capital_schema_hash() RETURNS TEXT LANGUAGE sql AS 'SELECT ''another'''",
    )
    with pytest.raises(RollbackRefused, match="the state hash is"):
        attempt.roll_back()
    assert attempt.row.status == "rollback_failed"
    assert not juntas.rows("SELECT 1 FROM pg_trigger WHERE tgname LIKE 'trueup%%'")
    assert juntas.value("SELECT count(*) FROM trueup.capital_changes") == 0

    juntas.do("INSERT INTO \"Junta\" (id, name) VALUES ('since', 'Since')")
    assert attempt.roll_back()["proof"] == "not provable"
    assert attempt.row.status == "rolled_back"


def test_a_second_migration_is_told_truly_of_one_whose_way_back_has_not_ended(
    attempt, books, juntas
):
    as_owner(juntas, "UPDATE trueup.capital_migrations SET undone_at = now()")
    with pytest.raises(opening.Refused, match="was taken back, and the end of that is missing"):
        books.begin().audit()


def test_who_keeps_the_tables_of_an_undo_is_named_and_sent_away_only_when_asked(
    attempt, juntas, monkeypatch
):
    text = statements.text  # it is tried for a minute; here a second has to do
    monkeypatch.setattr(statements, "text", lambda name: text(name).replace("60)", "1)"))
    with closing(psycopg.connect(juntas.conninfo, autocommit=True)) as sitter:
        (pid,) = sitter.execute("SELECT pg_backend_pid()").fetchone()
        sitter.execute("BEGIN")
        sitter.execute('UPDATE "Multa" SET description = NULL')
        time.sleep(1.1)
        with pytest.raises(psycopg.errors.LockNotAvailable, match=f"now session {pid} of "):
            attempt.roll_back()
        assert attempt.roll_back(cancel_sessions=True)["proof"] == "equal"
        with pytest.raises(psycopg.OperationalError):
            sitter.execute("SELECT 1")
