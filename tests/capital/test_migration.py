"""The migration of the juntas: what it refuses, how it judges a history, and what it leaves.

The traps are those that deployments of such a system fell into; each has a test named after it.
"""

import time
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors

import juntas as hand
from databases import Database, PrivateServer, Server
from runs import Attempt, Books
from trueup import backup, batches, fingerprints, journal, migrations, nights, opening
from trueup.errors import DataFailure, Refused, RollbackRefused
from trueup.stages import expect, roll_back
from trueup.systems import CAPITAL

ASKED = {"source": "history", "source_type": "HISTORY", "max_quarantined": "0"}
DAY = "2024-01-{:02} 12:00+00"


def to_proved(attempt: Attempt, folder: Path) -> Attempt:
    """All that comes before the cutover, expectations among it."""
    attempt.to_posted().catch_up().check_balances().constrain().expect()
    verify(attempt, folder)
    return attempt.reconcile()


def verify(attempt: Attempt, folder: Path) -> dict[str, Any]:
    """Ask the suite."""
    return expect.expect(attempt.connection, attempt.run(), attempt.database.conninfo, folder)


def migrate(books: Books, folder: Path, **params: Any) -> Attempt:
    """A whole migration."""
    return to_proved(books.begin(**params), folder).cut_over().complete()


def look(database: Database) -> nights.Night:
    """Look at the juntas as the nightly DAG does."""
    with closing(database.connect()) as connection:
        return nights.look(connection, CAPITAL, "nightly_reconciliation", "test")


@pytest.fixture
def app(server: Server, capital_template: Database) -> Iterator[Database]:
    """The app with two juntas and nothing in them."""
    clone = server.create(capital_template)
    clone.do("INSERT INTO \"Junta\" (id, name) VALUES ('north', 'North'), ('south', 'South')")
    yield clone
    server.drop(clone)


@pytest.fixture
def small(app: Database, source_root: Path, quick: None) -> Books:
    """Migrations of rows that a test writes by hand."""
    return Books(app, source_root, ASKED, system=CAPITAL)


@pytest.fixture(scope="module")
def migrated_template(
    server: Server, history_template: Database, tmp_path_factory: pytest.TempPathFactory
) -> Database:
    """A history that was migrated; the rules hold. Nobody is connected to it."""
    folder = tmp_path_factory.mktemp("migrated")
    database = server.create(history_template)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "GRACE_SECONDS", 0.0)
        patch.setattr(batches, "GROWTH", 1.0)
        patch.setenv("TRUEUP_SOURCE_ROOTS", str(folder))
        migrate(Books(database, folder, ASKED, system=CAPITAL), folder).die()
    return database


@pytest.fixture
def tracked(server: Server, migrated_template: Database) -> Iterator[Database]:
    """The migrated juntas, in a database of the test's own."""
    clone = server.create(migrated_template)
    yield clone
    server.drop(clone)


def add(database: Database, table: str, row_id: str, amount: Any, day: int = 1, **more: Any) -> str:
    """Write a row as the app does."""
    row = {"id": row_id, "amount": amount}
    row["date" if table == "PagoPrestamo" else "created_at"] = DAY.format(day)
    if table != "PagoPrestamo":
        row["junta_id"] = "north"
    if table == "Prestamo":
        row["status"] = "APPROVED"
    row |= more
    names = ", ".join(row)
    holes = ", ".join(["%s"] * len(row))
    database.do(f'INSERT INTO "{table}" ({names}) VALUES ({holes})', *row.values())
    return row_id


def capital(database: Database, junta: str = "north") -> Decimal:
    """What a junta has."""
    return database.value('SELECT current_capital FROM "Junta" WHERE id = %s', junta)


def a_junta(database: Database) -> Any:
    """One of the juntas of a history."""
    return database.row('SELECT * FROM "Junta" ORDER BY id LIMIT 1')


# The whole way


def test_a_migration_goes_from_the_audit_to_the_cutover(books: Books, tmp_path):
    due = hand.total(hand.due(books.database))

    attempt = migrate(books, tmp_path)

    row = attempt.row
    assert (row.status, row.total_quarantined, row.breaks) == ("completed", 0, 0), row.message
    assert row.total_read == row.total_posted == 603
    assert row.figures["verdicts"]["movements"] == 600
    assert hand.stored(books.database) == due
    assert books.database.rows("SELECT * FROM verify_migration()") == []
    assert look(books.database).is_clean


def test_a_dry_run_shows_what_would_be_and_leaves_the_app_s_schema_alone(books: Books, caplog):
    before = books.database.rows("SELECT relname FROM pg_class ORDER BY 1")
    caplog.set_level("INFO")

    attempt = books.begin(dry_run=True).to_validated().preview()

    assert attempt.row.status == "previewed", attempt.row.message
    assert attempt.row.figures["executed"]["posted"] == 603
    said = "\n".join(record.message for record in caplog.records)
    assert said.count("booked and flagged: loan") == 2
    assert said.count("current and available") == 4
    now = books.database.rows("SELECT relname FROM pg_class ORDER BY 1")
    assert [row for row in now if row not in before] == []


def test_a_second_migration_is_refused_for_there_is_nothing_to_do(
    tracked, source_root, quick, migrated_template
):
    books = Books(tracked, source_root, ASKED, system=CAPITAL)
    with pytest.raises(Refused, match=r"nothing to do: run .* has cut over"):
        books.begin().audit()


def test_before_the_cutover_and_after_an_undo_the_nights_are_clean(books: Books, tmp_path):
    assert look(books.database).is_clean
    attempt = to_proved(books.begin(), tmp_path)
    assert look(books.database).is_clean
    attempt.cut_over()
    assert attempt.roll_back()["proof"] == "equal"
    assert look(books.database).is_clean
    assert books.database.value("SELECT to_regclass('capital_movements')") is None


# What stands in the way


@pytest.mark.parametrize(
    ("hung", "named"),
    [
        ('CREATE VIEW owed AS SELECT * FROM "Prestamo"', 'view owed reads "Prestamo"'),
        (
            'CREATE RULE quiet AS ON INSERT TO "PagoPrestamo" DO ALSO NOTHING',
            'rule quiet on "PagoPrestamo"',
        ),
        ('ALTER TABLE "Prestamo" ENABLE ROW LEVEL SECURITY', '"Prestamo" has row-level security'),
        (
            'CREATE TABLE notes (loan TEXT REFERENCES "Prestamo" (id))',
            'key notes_loan_fkey of notes leads to "Prestamo"',
        ),
        (
            "CREATE FUNCTION shout() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
            'CREATE TRIGGER loud BEFORE INSERT ON "Prestamo" FOR EACH ROW EXECUTE FUNCTION shout()',
            'trigger loud on "Prestamo"',
        ),
        ('CREATE TABLE closed () INHERITS ("Prestamo")', '"Prestamo" inherits or is inherited'),
        ('CREATE PUBLICATION told FOR TABLE "Prestamo"', 'in the publication told'),
        (
            'ALTER TABLE "Prestamo" ADD number INTEGER GENERATED ALWAYS AS IDENTITY',
            '"Prestamo".number is an identity column',
        ),
        ('GRANT SELECT (id) ON "Prestamo" TO PUBLIC', 'single column "Prestamo".id'),
        (
            'ALTER TABLE "Prestamo" ADD CONSTRAINT twice UNIQUE (id, junta_id)',
            '"Prestamo" has the unique constraint twice',
        ),
        (
            'CREATE FUNCTION first_loan() RETURNS "Prestamo" LANGUAGE plpgsql '
            "AS 'BEGIN RETURN NULL; END'",
            r'function first_loan\(\) is bound to the type of a row of "Prestamo"',
        ),
        ('COMMENT ON TABLE "Prestamo" IS \'owed\'', '"Prestamo" has a comment'),
        ('ALTER TABLE "Prestamo" SET (fillfactor = 90)', "has the settings fillfactor=90"),
        ('ALTER TABLE "Prestamo" REPLICA IDENTITY FULL', "a replica identity of its own"),
        (
            'ALTER TABLE "Prestamo" ADD twice DOUBLE PRECISION '
            "GENERATED ALWAYS AS (amount * 2) STORED",
            '"Prestamo".twice is generated from the amount',
        ),
        (
            'ALTER TABLE "PagoPrestamo" ADD number SERIAL',
            '"PagoPrestamo_number_seq" belongs to "PagoPrestamo"',
        ),
        ('CREATE TABLE "PrestamoOld" ()', 'a table "PrestamoOld" already'),
        ('ALTER TABLE "Junta" ADD base_capital INTEGER', "column base_capital already"),
        (
            'ALTER TABLE "Multa" ALTER amount TYPE TEXT',
            '"Multa" has no column amount that is a number',
        ),
    ],
)  # fmt: skip
def test_what_a_migration_cannot_carry_is_refused_by_its_name(small: Books, hung, named):
    add(small.database, "Accion", "a", 1)
    small.database.do(hung)
    with pytest.raises(Refused, match=named):
        small.begin().audit()


@pytest.mark.parametrize("tables", ["ALL TABLES", "TABLES IN SCHEMA public"])
def test_a_publication_that_takes_in_every_table_is_refused(
    private: PrivateServer, source_root: Path, quick: None, tables: str
):
    """Only a superuser may make one."""
    server = Server(private.conninfo, None)
    database = server.create()
    with closing(database.connect()) as connection:
        migrations.migrate(connection, CAPITAL)
    database.do("""INSERT INTO "Junta" (id, name) VALUES ('north', 'North')""")
    add(database, "Accion", "a", 1)
    database.do(f"CREATE PUBLICATION told FOR {tables}")
    with pytest.raises(Refused, match="in the publication told"):
        Books(database, source_root, ASKED, system=CAPITAL).begin().audit()
    server.drop(database)
    server.close()


def test_what_came_between_audit_and_opening_is_refused_before_anything_is_touched(small: Books):
    """An approval may take days."""
    add(small.database, "Accion", "a", 1)
    attempt = small.begin().to_validated()
    small.database.do('CREATE VIEW owed AS SELECT * FROM "Prestamo"')
    with pytest.raises(Refused, match='view owed reads "Prestamo"'):
        attempt.open_posting()
    assert small.database.value("SELECT to_regclass('\"PrestamoNew\"')") is None
    assert not small.database.rows("SELECT 1 FROM pg_trigger WHERE tgname LIKE 'trueup%%'")


@pytest.mark.parametrize(
    ("hung", "named"),
    [
        ('CREATE VIEW owed AS SELECT * FROM "Prestamo"', 'view owed reads "Prestamo"'),
        ('ALTER TABLE "Prestamo" ADD note TEXT', 'column note of "Prestamo" is not on'),
        ('ALTER TABLE "Prestamo" DROP member_id', 'column member_id of "PrestamoNew" is not on'),
        ('CREATE INDEX late ON "Prestamo" (member_id)', 'index late of "Prestamo" is not on'),
        (
            'ALTER TABLE "PagoPrestamo" ADD CONSTRAINT small CHECK (amount < 1e9)',
            'constraint small of "PagoPrestamo" is not on',
        ),
        ('GRANT SELECT ON "Prestamo" TO PUBLIC', 'grant SELECT to PUBLIC of "Prestamo" is not on'),
        (
            "CREATE FUNCTION shout() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
            'CREATE TRIGGER loud BEFORE INSERT ON "Prestamo" FOR EACH ROW EXECUTE FUNCTION shout()',
            'trigger loud on "Prestamo"',
        ),
    ],
)  # fmt: skip
def test_what_came_during_the_migration_is_seen_under_the_lock_of_the_cutover(
    books: Books, hung, named
):
    attempt = hand.prove(books.begin().to_posting())
    books.database.do(hung)
    with pytest.raises(DataFailure, match=named):
        attempt.cut_over()
    assert books.database.value("SELECT to_regclass('\"PrestamoOld\"')") is None


def test_who_sits_on_a_table_is_listed_and_sent_away_only_when_asked(
    small: Books, monkeypatch, tmp_path
):
    add(small.database, "Accion", "a", 1000)
    with closing(psycopg.connect(small.database.conninfo, autocommit=True)) as sitter:
        sitter.execute("BEGIN")
        sitter.execute('LOCK TABLE "Accion" IN ROW EXCLUSIVE MODE')
        time.sleep(1.1)
        attempt = small.begin(cancel_sessions=True).to_validated()
        listed = attempt.row.figures["audit"]["other_sessions"]
        assert "Accion" in [session["locked_tables"] for session in listed]
        attempt.open_posting()
        with pytest.raises(psycopg.OperationalError):
            sitter.execute("SELECT 1")
    assert (
        small.database.value(
            "SELECT count(*) FROM trueup.audit_log WHERE event LIKE 'Session % sent away.'"
        )
        == 1
    )


# How a history is judged


def test_every_row_that_cannot_be_booked_is_quarantined_with_its_reason(small: Books):
    add(small.database, "Accion", "good", 1000)
    add(small.database, "Accion", "fraction", 10.005)
    add(small.database, "Accion", "negative", -5)
    add(small.database, "Multa", "nothing", None)
    add(small.database, "Multa", "infinite", float("inf"))
    add(small.database, "Multa", "word", 5, status="ingreso")
    add(small.database, "Prestamo", "status", 5, status="LOST")
    add(small.database, "Prestamo", "nobody", 5, junta_id=None)
    add(small.database, "PagoPrestamo", "orphan", 5, prestamo_id=None)

    attempt = small.begin(max_quarantined="100 %").to_validated()

    found = {
        row.source: (row.reason_code, row.reason)
        for row in small.database.rows(
            "SELECT fields ->> 'id' AS source, reason_code, reason FROM trueup.quarantine"
        )
    }
    assert {name: code for name, (code, _) in found.items()} == {
        "fraction": "excess_precision", "negative": "invalid_amount", "nothing": "invalid_amount",
        "infinite": "invalid_amount", "word": "unknown_status", "status": "unknown_status",
        "nobody": "unknown_junta", "orphan": "unknown_junta",
    }  # fmt: skip
    assert found["fraction"][1] == (
        "ACCION fraction: the amount 10.005 is not in whole cents, and nothing is rounded."
    )
    verdicts = attempt.row.figures["verdicts"]
    assert verdicts["read"] == verdicts["postable"] + verdicts["quarantined"] == 9


def test_one_row_that_cannot_be_booked_refuses_the_run_before_anything_is_touched(small: Books):
    add(small.database, "Accion", "good", 1000)
    add(small.database, "Accion", "fraction", 10.005)
    with pytest.raises(Refused, match="excess_precision"):
        small.begin().to_validated()
    assert small.database.value("SELECT to_regclass('\"PrestamoNew\"')") is None


def test_a_row_that_cannot_be_booked_and_came_meanwhile_counts_against_the_quota_too(small: Books):
    add(small.database, "Accion", "good", 1000)
    add(small.database, "Multa", "known", -1)
    attempt = small.begin(max_quarantined="1").to_posted()
    add(small.database, "Multa", "late", -5)
    with pytest.raises(DataFailure, match=r"2 of 3 are quarantined \(2 for invalid_amount\)"):
        attempt.catch_up()
    assert attempt.roll_back()["proof"] == "equal"

    attempt = small.begin(max_quarantined="2").to_posted()
    add(small.database, "Accion", "fine", 10)
    attempt.catch_up().check_balances()
    assert attempt.row.total_quarantined == 2


def test_a_loan_that_cannot_be_booked_takes_the_migration_back_however_many_are_allowed(
    small: Books, tmp_path
):
    add(small.database, "Accion", "good", 1000)
    add(small.database, "Prestamo", "fraction", 10.005)
    attempt = small.begin(max_quarantined="100 %").to_posted().catch_up().check_balances()
    with pytest.raises(DataFailure, match="break Prestamo_loan_in_cents"):
        attempt.constrain()
    assert attempt.roll_back()["proof"] == "equal"
    assert small.database.value('SELECT amount FROM "Prestamo"') == 10.005


def test_a_multa_that_cannot_be_booked_stays_behind_when_that_is_allowed_and_every_night_says_so(
    small: Books, tmp_path
):
    add(small.database, "Accion", "good", 1000)
    add(small.database, "Multa", "negative", -5)

    attempt = migrate(small, tmp_path, max_quarantined="1")

    row = attempt.row
    assert (row.status, row.total_posted, row.total_quarantined) == ("completed", 1, 1)
    assert capital(small.database) == 1000
    assert look(small.database).figures["findings"]["missing_movements"] == 1
    with pytest.raises(Refused, match="mend the rows in the app's tables"):
        opening.params_to_replay(attempt.run(), dry_run=True)
    small.database.do("UPDATE \"Multa\" SET amount = 5 WHERE id = 'negative'")
    assert look(small.database).is_clean
    assert capital(small.database) == 1005


def test_a_multa_that_is_mended_during_the_run_is_booked_and_no_break(small: Books, tmp_path):
    add(small.database, "Accion", "good", 1000)
    add(small.database, "Multa", "negative", -5)
    attempt = small.begin(max_quarantined="1").to_posted()
    small.database.do("UPDATE \"Multa\" SET amount = 5 WHERE id = 'negative'")
    hand.prove(attempt).cut_over().complete()
    assert (attempt.row.status, attempt.row.breaks) == ("completed", 0), attempt.row.message
    assert capital(small.database) == 1005
    assert look(small.database).is_clean


def test_a_row_without_a_junta_or_a_time_gets_one_verdict_from_all_who_judge(app, small: Books):
    """Whoever meets it first: the app's write is accepted, and the row is booked by nobody."""
    app.do('ALTER TABLE "Accion" DROP CONSTRAINT "Accion_junta_id_fkey"')
    app.do('ALTER TABLE "Accion" ALTER created_at DROP NOT NULL')
    app.do('ALTER TABLE "Multa" ALTER created_at DROP NOT NULL')
    add(app, "Accion", "good", 1000)
    add(app, "Accion", "homeless", 5, junta_id="nowhere")
    add(app, "Multa", "timeless", 5, created_at=None)
    add(app, "Multa", "endless", 5, created_at="infinity")
    attempt = small.begin(max_quarantined="100 %").to_posted()
    add(app, "Accion", "homeless too", 5, junta_id="nowhere")
    add(app, "Accion", "timeless too", 5, created_at=None)
    attempt.catch_up().check_balances().constrain().expect().reconcile().cut_over().complete()
    codes = app.rows("SELECT fields ->> 'id' AS id, reason_code FROM trueup.quarantine ORDER BY 1")
    assert [tuple(row) for row in codes] == [
        ("endless", "invalid_timestamp"), ("homeless", "unknown_junta"),
        ("homeless too", "unknown_junta"), ("timeless", "invalid_timestamp"),
        ("timeless too", "invalid_timestamp"),
    ]  # fmt: skip
    assert capital(app) == 1000
    with pytest.raises(errors.CheckViolation, match="moves no capital"):
        add(app, "Accion", "refused", 5, junta_id="nowhere")


def test_a_historic_loan_above_its_junta_s_capital_is_booked_and_flagged(small: Books, tmp_path):
    add(small.database, "Accion", "a1", 100, 1)
    add(small.database, "Prestamo", "within", 100, 1)
    add(small.database, "Prestamo", "above", 50, 2)
    add(small.database, "Prestamo", "pending", 5000, 2, status="PENDING")
    add(small.database, "Accion", "a2", 500, 3)
    add(small.database, "Accion", "elsewhere", 500, 1, junta_id="south")

    migrate(small, tmp_path)

    flagged = small.database.rows("SELECT prestamo_id FROM capital_movements WHERE over_available")
    assert [row.prestamo_id for row in flagged] == ["above"]
    assert capital(small.database) == 450


# The traps


def test_trap_1_the_whole_history_has_its_movements_with_its_own_times(small: Books, tmp_path):
    add(small.database, "Accion", "a", 1000, 1)
    add(small.database, "Prestamo", "p", 500, 2)
    add(small.database, "Multa", "m", 50, 3)
    add(small.database, "PagoPrestamo", "g", 200, 4, prestamo_id="p")

    migrate(small, tmp_path)

    assert capital(small.database) == 750
    booked = small.database.rows(
        "SELECT type, direction, amount, to_char(created_at AT TIME ZONE 'UTC', 'DD') AS day "
        "FROM capital_movements ORDER BY created_at"
    )
    assert [tuple(row) for row in booked] == [
        ("ACCION", "INCREASE", 1000, "01"), ("PRESTAMO", "DECREASE", 500, "02"),
        ("MULTA", "INCREASE", 50, "03"), ("PAGO", "INCREASE", 200, "04"),
    ]  # fmt: skip


def test_trap_2_changes_and_deletions_are_followed_as_well_as_insertions(tracked):
    junta = a_junta(tracked)
    add(tracked, "Accion", "new", 100, junta_id=junta.id)
    assert capital(tracked, junta.id) == junta.current_capital + 100
    tracked.do("UPDATE \"Accion\" SET amount = 40 WHERE id = 'new'")
    assert capital(tracked, junta.id) == junta.current_capital + 40
    tracked.do("DELETE FROM \"Accion\" WHERE id = 'new'")
    assert capital(tracked, junta.id) == junta.current_capital
    add(tracked, "Prestamo", "loan", 10, junta_id=junta.id, status="PENDING")
    assert capital(tracked, junta.id) == junta.current_capital
    tracked.do("UPDATE \"Prestamo\" SET status = 'APPROVED' WHERE id = 'loan'")
    assert capital(tracked, junta.id) == junta.current_capital - 10
    tracked.do("UPDATE \"Prestamo\" SET status = 'REJECTED' WHERE id = 'loan'")
    assert capital(tracked, junta.id) == junta.current_capital
    assert tracked.rows("SELECT * FROM verify_migration()") == []
    assert look(tracked).is_clean


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("Accion", {"amount": -1}),
        ("Multa", {"amount": 0}),
        ("Multa", {"amount": 0.005}),
        ("Prestamo", {"amount": -1}),
        ("Prestamo", {"amount": 10.005}),
        ("Prestamo", {"amount": 1, "status": "ingreso"}),
    ],
)
def test_trap_2_what_no_rule_allows_is_refused_from_the_cutover_on(tracked, table, row):
    junta = a_junta(tracked)
    with pytest.raises(errors.CheckViolation):
        add(tracked, table, "new", row.pop("amount"), junta_id=junta.id, **row)
    assert capital(tracked, junta.id) == junta.current_capital


def test_trap_2_a_new_loan_above_the_available_capital_is_refused_in_words(tracked):
    junta = a_junta(tracked)
    above = junta.available_capital + Decimal("0.01")
    with pytest.raises(errors.CheckViolation, match=f"{above} would be taken out of junta"):
        add(tracked, "Prestamo", "new", above, junta_id=junta.id)
    add(tracked, "Prestamo", "new", junta.available_capital, junta_id=junta.id)
    assert capital(tracked, junta.id) == 0
    with pytest.raises(errors.CheckViolation, match="would be taken out"):
        tracked.do("UPDATE \"Prestamo\" SET amount = amount + 0.01 WHERE id = 'new'")


def test_trap_2_a_loan_that_increases_capital_is_refused(tracked):
    with pytest.raises(errors.CheckViolation, match="direction_of_type"):
        tracked.do("UPDATE capital_movements SET direction = 'INCREASE' WHERE type = 'PRESTAMO'")


def test_trap_3_a_float_counts_by_the_digits_that_it_was_written_with(small: Books, tmp_path):
    for number in range(100):
        add(small.database, "Accion", f"cent-{number}", 0.01)
    add(small.database, "Accion", "million", 1_000_000)
    # Fifteen digits would make 1234567890123.46 of it, and the sum of floats something else again.
    add(small.database, "Accion", "large", 12345678901234.57, junta_id="south")
    # A database that likes its floats short changes nothing.
    small.database.do(f"ALTER DATABASE {small.database.name} SET extra_float_digits = 0")

    migrate(small, tmp_path)

    assert capital(small.database) == Decimal("1000001.00")
    assert capital(small.database, "south") == Decimal("12345678901234.57")


@pytest.mark.parametrize(
    ("tampering", "said"),
    [
        ("UPDATE \"PrestamoNew\" SET amount = amount + 0.01 WHERE id = 'p'", "stands beside"),
        ("UPDATE \"PrestamoNew\" SET description = 'x' WHERE id = 'p'", "stands beside"),
        ("UPDATE \"PagoPrestamoNew\" SET date = now() WHERE id = 'g'", "stands beside"),
        ("DELETE FROM capital_movements WHERE multa_id = 'm'", "has its one movement"),
        ("UPDATE capital_movements SET amount = 51 WHERE multa_id = 'm'", "one movement"),
        ("INSERT INTO trueup.capital_deltas VALUES ('north', 0, 0.01)", "noted of every junta"),
        ("UPDATE capital_movements SET over_available = TRUE WHERE prestamo_id = 'p'", "flagged"),
        (
            "DO 'BEGIN EXECUTE ''DROP INDEX '' "
            "|| quote_ident(shadow_name(''PagoPrestamo_prestamo_id_idx'')); END'",
            "costs more",
        ),
        (
            "CREATE OR REPLACE FUNCTION signed_amount(p_direction TEXT, p_amount NUMERIC) RETURNS "
            "NUMERIC LANGUAGE sql AS 'SELECT p_amount'",
            "worked examples",
        ),
    ],
)  # fmt: skip
def test_trap_4_a_verification_that_finds_something_fails_the_run(
    small: Books, tmp_path, tampering, said
):
    add(small.database, "Accion", "a", 1000)
    small.database.do(
        'WITH loans AS (INSERT INTO "Prestamo" (id, amount, junta_id) '
        "SELECT 'other-' || n, 1, 'south' FROM generate_series(1, 300) AS n RETURNING id) "
        'INSERT INTO "PagoPrestamo" (id, amount, prestamo_id) '
        "SELECT id || '-' || n, 1, id FROM loans CROSS JOIN generate_series(1, 10) AS n"
    )
    add(small.database, "Prestamo", "p", 500, 2)
    add(small.database, "Multa", "m", 50, 3)
    add(small.database, "PagoPrestamo", "g", 200, 4, prestamo_id="p")
    attempt = small.begin().to_posted().catch_up().check_balances().constrain().expect()
    assert verify(attempt, tmp_path)["failed"] == 0
    if "signed_amount" in tampering:
        small.database.do("ALTER TABLE capital_movements DISABLE TRIGGER USER")
    small.database.do(tampering)
    small.database.do("ALTER TABLE capital_movements ENABLE TRIGGER USER")

    with pytest.raises(DataFailure, match="critical expectations failed"):
        verify(attempt, tmp_path)

    failed = small.database.rows(
        "SELECT expectation FROM trueup.expectation_results WHERE NOT success"
    )
    assert any(said in row.expectation for row in failed), failed


def test_trap_5_sums_of_one_kind_do_not_multiply_those_of_another(small: Books, tmp_path):
    for number in range(3):
        add(small.database, "Accion", f"a{number}", 100)
        add(small.database, "Multa", f"m{number}", 10)
        add(small.database, "Prestamo", f"p{number}", 50, 2)
        add(small.database, "PagoPrestamo", f"g{number}", 5, 3, prestamo_id="p0")

    attempt = migrate(small, tmp_path)

    state = {row["id"]: row for row in attempt.row.figures["audit"]["books"]}["north"]
    counts = ("acciones_count", "multas_count", "prestamos_count", "pagos_count")
    assert [state[name] for name in counts] == [3, 3, 3, 3]
    assert Decimal(state["capital"]) == capital(small.database) == 300 + 30 - 150 + 15


def test_trap_6_a_loan_that_is_paid_has_moved_capital_as_one_that_is_not(small: Books, tmp_path):
    add(small.database, "Accion", "a", 1000)
    add(small.database, "Prestamo", "paid", 300, 2, status="PAID")
    add(small.database, "PagoPrestamo", "g", 315, 3, prestamo_id="paid")
    add(small.database, "Prestamo", "unpaid", 200, 4)
    add(small.database, "Prestamo", "rejected", 100, 5, status="REJECTED")

    migrate(small, tmp_path)

    assert capital(small.database) == 1000 - 300 + 315 - 200
    assert small.database.value('SELECT count(*) FROM "Prestamo"') == 3


def test_trap_8_another_word_for_a_direction_is_refused(tracked):
    with pytest.raises(errors.CheckViolation, match="direction_of_type"):
        tracked.do("UPDATE capital_movements SET direction = 'ingreso' WHERE type = 'ACCION'")
    tracked.do("ALTER TABLE capital_movements DROP CONSTRAINT capital_movements_direction_of_type")
    tracked.do("ALTER TABLE capital_movements DISABLE TRIGGER USER")
    tracked.do(
        "UPDATE capital_movements SET direction = 'ingreso' "
        "WHERE id = (SELECT min(id) FROM capital_movements WHERE type = 'ACCION')"
    )
    night = look(tracked)
    assert night.figures["findings"]["broken_movements"] >= 1


# Every night


@pytest.mark.parametrize(
    ("tampering", "check"),
    [
        ('UPDATE "Junta" SET current_capital = current_capital + 0.01', "capital_discrepancy"),
        ('UPDATE "Junta" SET available_capital = 0', "capital_discrepancy"),
        ('UPDATE "Junta" SET base_capital = base_capital - 1', "capital_discrepancy"),
        (
            'ALTER TABLE "Multa" DISABLE TRIGGER USER; INSERT INTO "Multa" (id, amount, junta_id) '
            "SELECT 'unseen', 5, id FROM \"Junta\" LIMIT 1",
            "missing_movements",
        ),
        ('ALTER TABLE "Multa" DISABLE TRIGGER USER', "broken_movements"),
        (
            "ALTER TABLE capital_movements DISABLE TRIGGER USER; DELETE FROM capital_movements",
            "capital_discrepancy",
        ),
    ],
)
def test_a_night_finds_capital_that_is_not_what_it_must_be(tracked, tampering, check):
    assert look(tracked).is_clean
    tracked.do(tampering)
    night = look(tracked)
    assert not night.is_clean
    assert night.figures["findings"][check] > 0


@pytest.mark.parametrize(
    ("tampering", "said"),
    [
        (
            "ALTER TABLE capital_movements "
            "DROP CONSTRAINT capital_movements_direction_of_type CASCADE",
            "a loan that increases capital",
        ),
        (
            "CREATE OR REPLACE FUNCTION move_capital() RETURNS TRIGGER LANGUAGE plpgsql "
            "AS 'BEGIN RETURN NULL; END'",
            "a loan above the available capital",
        ),
    ],
)
def test_rules_that_do_not_bite_after_the_cutover_are_a_failure_of_the_data(books, tampering, said):
    attempt = hand.prove(books.begin().to_posting())
    books.database.do(tampering)
    with pytest.raises(DataFailure, match=said):
        attempt.cut_over()
    assert books.database.value("SELECT count(*) FROM \"Junta\" WHERE id LIKE 'trueup%%'") == 0


def test_a_row_that_was_written_past_the_triggers_is_booked_when_it_is_written_once_more(tracked):
    junta = a_junta(tracked)
    tracked.do('ALTER TABLE "Multa" DISABLE TRIGGER USER')
    add(tracked, "Multa", "unseen", 5, junta_id=junta.id)
    tracked.do('ALTER TABLE "Multa" ENABLE TRIGGER USER')
    assert look(tracked).figures["findings"]["missing_movements"] == 1
    tracked.do("UPDATE \"Multa\" SET amount = amount WHERE id = 'unseen'")
    assert look(tracked).is_clean
    assert capital(tracked, junta.id) == junta.current_capital + 5


def test_the_way_back_is_ended_as_the_runbook_says_and_the_app_works_on(
    tracked, source_root, quick
):
    runbook = (Path(__file__).parents[2] / "docs" / "runbook.md").read_text(encoding="utf-8")
    (said,) = [
        block.split("```")[0]
        for block in runbook.split("```sql\n")
        if "end_way_back" in block.split("```")[0]
    ]
    junta = a_junta(tracked)
    add(tracked, "Accion", "before", 1, junta_id=junta.id)
    with closing(psycopg.connect(tracked.conninfo, autocommit=True)) as owner:
        assert [row[1] for row in owner.execute(said).fetchall()] == [1]
        assert [row[1] for row in owner.execute(said).fetchall()] == [0]
    assert tracked.value("SELECT to_regclass('\"PrestamoOld\"')") is None
    assert tracked.value("SELECT count(*) FROM trueup.capital_changes") == 0
    left = tracked.rows("SELECT DISTINCT tgname FROM pg_trigger WHERE tgname LIKE 'trueup%%'")
    assert [row.tgname for row in left] == ["trueup_refuse_truncate"]

    add(tracked, "Prestamo", "new", 2, junta_id=junta.id)
    add(tracked, "PagoPrestamo", "paid", 1, prestamo_id="new")
    tracked.do("UPDATE \"Accion\" SET amount = amount + 1 WHERE id = 'before'")
    assert capital(tracked, junta.id) == junta.current_capital + 1
    assert tracked.rows("SELECT * FROM verify_migration()") == []
    assert look(tracked).is_clean
    books = Books(tracked, source_root, ASKED, system=CAPITAL)
    with pytest.raises(Refused, match=r"nothing to do: run .* has cut over"):
        books.begin().audit()
    run_id = tracked.value("SELECT run_id FROM trueup.capital_migrations")
    with (
        closing(tracked.connect()) as connection,
        pytest.raises(RollbackRefused, match="with mode restore"),
    ):
        roll_back.roll_back(connection, journal.read_run(connection, run_id))
    assert tracked.value("SELECT status FROM trueup.runs WHERE run_id = %s", run_id) == "completed"


@pytest.mark.parametrize("column", ["source", "live", "accion"])
def test_a_table_may_have_a_column_of_any_name_and_is_hashed_by_all_its_columns(
    app, small: Books, tmp_path, column
):
    """As an alias of the table it would stand for the whole row, and hide every other column."""
    app.do(f'ALTER TABLE "Accion" ADD {column} TEXT')
    add(app, "Accion", "a", 1000, **{column: "same"})
    attempt = small.begin().to_validated()
    assert "1000" in app.value("SELECT raw FROM trueup.staged_entries")
    with closing(app.connect()) as connection:
        hashed = backup.hash_rows(connection, "public", "Accion")
        attempt.open_posting()
        state = fingerprints.of_state(connection, "capital", attempt.run_id, 0)
        assert state == attempt.row.state_hash_before
        app.do('ALTER TABLE "Accion" DISABLE TRIGGER USER')
        app.do('UPDATE "Accion" SET amount = 2000')
        app.do('ALTER TABLE "Accion" ENABLE TRIGGER USER')
        assert backup.hash_rows(connection, "public", "Accion") != hashed
        assert fingerprints.of_state(connection, "capital", attempt.run_id, 0) != state


def test_a_rule_that_something_else_refuses_in_its_place_is_told_as_untried(books: Books, caplog):
    """The app's own CHECK says no first: nobody knows whether the rule would."""
    attempt = hand.prove(books.begin().to_posting())
    with closing(psycopg.connect(books.database.conninfo, autocommit=True)) as owner:
        owner.execute('ALTER TABLE "Multa" ADD CONSTRAINT fine CHECK (amount > 0)')
    attempt.cut_over()
    (told,) = books.database.rows(
        "SELECT event FROM trueup.audit_log WHERE event LIKE 'The rules %%'"
    )
    assert "not be tried on a negative multa (refused by fine)" in told.event
