"""The expectations hold on true books, each fails on tampered ones, and none changes any."""

import logging
from pathlib import Path

import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import make_url

from runs import SAMPLE, Attempt, Books, entry, payments
from trueup import expectations, statements
from trueup.errors import DataFailure, OperationalFailure, Transient
from trueup.stages import expect


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return tmp_path / "docs"


@pytest.fixture
def posted(books: Books) -> Attempt:
    """A run of thirty payments with their outbox; line 32 is in quarantine."""
    books.open_world("alice", "bob", "carol", "dora")
    rows = [
        *payments(30, ["alice", "bob", "carol", "dora"]),
        entry(debit="nobody", referenceId="stray"),
    ]
    rows[0]["timestampUtc"] = "2020-01-01"  # no plain row: staged as text
    return come_to_expect(books, rows, outbox=True, max_quarantined="10 %")


def come_to_expect(books: Books, source, **params) -> Attempt:
    """Run a backfill up to the expectations."""
    return books.begin(source, **params).to_posted().check_balances().constrain().expect()


def ask(attempt: Attempt, docs: Path, conninfo: str | None = None) -> dict:
    """Run the stage as its task does."""
    return expect.expect(
        attempt.connection, attempt.run(), conninfo or attempt.database.conninfo, docs
    )


def failed(attempt: Attempt) -> dict[str, str]:
    """Expectation → what was observed, of those that the journal says do not hold."""
    return dict(
        attempt.database.rows(
            "SELECT expectation, observed FROM trueup.expectation_results WHERE NOT success"
        )
    )


def test_all_expectations_hold_over_the_sample(books: Books, docs: Path):
    attempt = come_to_expect(books, SAMPLE["source"], accounts=SAMPLE["accounts"])
    outcome = ask(attempt, docs)
    names = set(said())
    kept = books.database.rows("SELECT * FROM trueup.expectation_results")
    assert {row.expectation for row in kept} == names
    assert all(row.success for row in kept)
    assert outcome["expectations"] == len(names)
    assert (outcome["failed"], outcome["warnings"]) == (0, 0)


def test_data_docs_are_written_for_each_suite(posted: Attempt, docs: Path):
    outcome = ask(posted, docs)
    assert Path(outcome["data_docs"]).is_relative_to(docs / posted.run_id)
    pages = [Path(page).read_text(encoding="utf-8") for page in outcome["suites"].values()]
    assert set(outcome["suites"]) == {"staging", "ledger"}
    assert any("Every amount is above zero" in page for page in pages)
    assert any("No line is staged twice" in page for page in pages)


def test_data_docs_hold_no_text_of_the_source_and_no_secret(books: Books, docs: Path):
    books.open_world("<script>alert(1)</script>")
    attempt = come_to_expect(books, payments(3, ["<script>alert(1)</script>"]))
    books.database.do("UPDATE bank_accounts SET balance = balance + 1")
    secret = conninfo_to_dict(books.database.conninfo).get("password", "no password here")
    with pytest.raises(DataFailure, match="alert"):
        ask(attempt, docs)
    for page in docs.rglob("*"):
        if page.is_file():
            text = page.read_text(encoding="utf-8", errors="replace")
            assert "alert(1)" not in text
            assert str(secret) not in text


def said() -> dict[str, dict]:
    """What the suite file says, by the expectation's name."""
    suites = yaml.safe_load((expectations.EXPECTATIONS_FOLDER / "ledger.yaml").read_text())
    return {each["name"]: each for suite in suites.values() for each in suite["expectations"]}


FREE_THE_STAGING = """
    DO $$
    DECLARE v_primary_key RECORD;
    BEGIN
        FOR v_primary_key IN
            SELECT conrelid::REGCLASS::TEXT AS name, conname FROM pg_constraint
            WHERE contype = 'p' AND conrelid IN (
                SELECT inhrelid FROM pg_inherits
                WHERE inhparent = 'trueup.staged_entries'::REGCLASS
            )
        LOOP
            EXECUTE format(
                'ALTER TABLE %s DROP CONSTRAINT %I', v_primary_key.name, v_primary_key.conname
            );
        END LOOP;
    END $$
"""

# Expectation → who tampers how, each with an entry of its own, and what the finding must name.
TAMPERINGS = {
    "As many rows are staged as were to be processed": (
        "UPDATE trueup.runs SET total_to_process = 30",
        "instead of 30",
    ),
    "Every staged row has the number of its line": (
        f"{FREE_THE_STAGING}; ALTER TABLE trueup.staged_entries ALTER position DROP NOT NULL;"
        "INSERT INTO trueup.staged_entries (run_id, raw) SELECT run_id, 'x' FROM trueup.runs",
        "not 1 of",
    ),
    "No line is staged twice": (
        f"{FREE_THE_STAGING};"
        "INSERT INTO trueup.staged_entries SELECT * FROM trueup.staged_entries WHERE position = 2",
        "not 2 of",
    ),
    "Every staged row was posted, was replayed or is in quarantine": (
        "DELETE FROM dual_ledger_outbox WHERE reference_id = 'pay-00003';"
        "DELETE FROM ledger_entries WHERE reference_id = 'pay-00003'",
        "position 5",
    ),
    "Every posted or replayed row stands in the ledger with the same content": (
        "UPDATE ledger_entries SET metadata = '{}' WHERE reference_id = 'pay-00001'",
        "reference_id pay-00001, fault altered since",
    ),
    "Every account was moved as the source says": (
        "UPDATE trueup.movements SET debit = debit + 1 WHERE account_id = 'carol'",
        "account_id carol",
    ),
    "No row in quarantine was posted by this run": (
        "UPDATE ledger_entries SET run_line = 32 WHERE reference_id = 'pay-00005'",
        "pay-00005",
    ),
    "The run's entries are as many as its batches counted": (
        "UPDATE ledger_entries SET run_id = NULL WHERE reference_id = 'pay-00006'",
        "instead of 30",
    ),
    "Every entry says what kind of transaction it is": (
        "ALTER TABLE ledger_entries ALTER transaction_type DROP NOT NULL;"
        "UPDATE ledger_entries SET transaction_type = NULL WHERE reference_id = 'pay-00007'",
        "not 1 of",
    ),
    "Every entry has a reference of at most 255 characters": (
        "UPDATE ledger_entries SET reference_id = repeat('x', 256) "
        "WHERE reference_id = 'pay-00008'",
        "not 1 of",
    ),
    "Every asset type is one of the four": (
        "ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_asset_type_known;"
        "UPDATE ledger_entries SET asset_type = 'tulip' WHERE reference_id = 'pay-00009'",
        "not 1 of",
    ),
    "Every amount is above zero": (
        "UPDATE ledger_entries SET amount = 'Infinity' WHERE reference_id = 'pay-00010'",
        "pay-00010, amount Infinity",
    ),
    "No amount has more decimals than its currency": (
        "UPDATE ledger_entries SET amount = 1.001 WHERE reference_id = 'pay-00004'",
        "pay-00004, amount 1.001",
    ),
    "Debit and credit are two accounts": (
        "ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_accounts_differ;"
        "UPDATE ledger_entries SET credit_account_id = debit_account_id "
        "WHERE reference_id = 'pay-00012'",
        "pay-00012",
    ),
    "Both accounts of every entry exist and are kept in its currency": (
        "UPDATE bank_accounts SET currency_code = 'EUR' WHERE id = 'dora'",
        "account_id dora, currency_code USD, kept_in EUR",
    ),
    "No reference stands twice in the ledger": (
        "ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_reference_unique;"
        "UPDATE ledger_entries SET reference_id = 'pay-00013' WHERE reference_id = 'pay-00014'",
        "pay-00013, entries 2",
    ),
    "Every stored balance is its opening balance and its entries": (
        "UPDATE bank_accounts SET balance = balance + 0.01 WHERE id = 'alice'",
        "account_id alice",
    ),
    "No account breaks a balance rule": (
        "ALTER TABLE bank_accounts DROP CONSTRAINT bank_accounts_reserved_balance_not_negative;"
        "UPDATE bank_accounts SET reserved_balance = -1 WHERE id = 'bob'",
        "account_id bob",
    ),
    "Every entry has its outbox row, when the run writes an outbox": (
        "DELETE FROM dual_ledger_outbox WHERE reference_id = 'pay-00015'",
        "reference_id pay-00015",
    ),
}


@pytest.mark.parametrize("expectation", [name for name in TAMPERINGS if "no_rows" in said()[name]])
def test_a_listing_names_the_row_that_was_tampered_with_and_no_other(
    expectation: str, posted: Attempt
):
    tampering, named = TAMPERINGS[expectation]
    listing = statements.text(f"ledger/{said()[expectation]['no_rows']}")
    row = posted.run().row
    values = {"run_id": row.run_id, "high_water_entry_id": row.high_water_entry_id}
    assert posted.connection.execute(listing, values).fetchall() == []
    posted.database.do(tampering)
    found = posted.connection.execute(listing, values).fetchall()
    assert found
    shown = [", ".join(f"{k} {v}" for k, v in each._asdict().items()) for each in found]
    assert all(named in each for each in shown)


def test_every_critical_expectation_fails_when_its_rule_is_broken(posted: Attempt, docs: Path):
    for tampering, _ in TAMPERINGS.values():
        posted.database.do(tampering)
    keep_the_staging_whole(posted)
    with pytest.raises(DataFailure, match=f"{len(TAMPERINGS)} critical expectations failed"):
        ask(posted, docs)
    found = failed(posted)
    assert set(found) == {name for name, each in said().items() if each["severity"] == "critical"}
    for name in found:
        if "no_rows" not in said()[name]:
            assert TAMPERINGS[name][1] in found[name]


def keep_the_staging_whole(posted: Attempt) -> None:
    """Who tampers with the staging knows how to hide it from the control hash."""
    control = statements.fetch_one(
        posted.connection, "ledger/ingest/control_staged", run_id=posted.run_id
    )
    posted.database.do(
        "UPDATE trueup.runs SET staged_rows = %s, staged_hash = %s",
        control.staged_rows, control.staged_hash,
    )  # fmt: skip


def test_the_failure_names_expectation_account_and_exact_amounts(posted: Attempt, docs: Path):
    posted.database.do(
        "UPDATE bank_accounts SET balance = 1234567890123456789.01 WHERE id = 'alice'"
    )
    with pytest.raises(DataFailure) as failure:
        ask(posted, docs)
    assert "“Every stored balance is its opening balance and its entries”" in str(failure.value)
    assert "account_id alice" in str(failure.value)
    assert "actual 1234567890123456789.01" in str(failure.value)


def test_a_warning_is_reported_and_does_not_fail_the_run(books: Books, docs: Path):
    books.open_world()
    attempt = come_to_expect(
        books,
        [
            *payments(3),
            entry(referenceId="late", timestampUtc="2999-01-01T00:00:00Z"),
            entry(referenceId="early", timestampUtc="1969-12-31T23:59:59Z"),
        ],
    )
    outcome = ask(attempt, docs)
    assert (outcome["failed"], outcome["warnings"]) == (0, 2)
    assert "late" in failed(attempt)["No entry lies in the future"]
    assert "early" in failed(attempt)["No entry lies before 1970"]


def test_a_run_that_only_replays_meets_every_expectation(books: Books, docs: Path):
    books.open_world()
    rows = payments(5)
    books.backfill(rows)
    attempt = come_to_expect(books, rows)
    assert ask(attempt, docs)["failed"] == 0
    assert attempt.row.state_hash_before


def test_late_conflicts_and_repetitions_meet_every_expectation(books: Books, docs: Path):
    books.open_world()
    rows = payments(5)
    attempt = books.begin([*rows, rows[0]], max_quarantined="50 %").to_posting()
    books.post_live("alice", "world", "77.00", reference="pay-00003")
    attempt.post().check_balances().constrain().expect()
    assert ask(attempt, docs)["failed"] == 0
    assert books.reasons(attempt.run_id) == {5: "conflicting_duplicate"}


def test_live_postings_of_others_do_not_disturb(posted: Attempt, books: Books, docs: Path):
    books.post_live("alice", "world", "5.00")
    assert ask(posted, docs)["failed"] == 0


def test_staging_lost_in_a_crash_is_no_failure_of_the_data(posted: Attempt, docs: Path):
    posted.database.do("TRUNCATE trueup.staged_entries, trueup.prepared_entries")
    with pytest.raises(OperationalFailure, match="trigger the same run again"):
        ask(posted, docs)
    assert not failed(posted)


def test_a_question_that_cannot_be_asked_is_no_failure_of_the_data(
    posted: Attempt, docs: Path, monkeypatch: pytest.MonkeyPatch
):
    replace(monkeypatch, "ledger/expect/list_same_accounts", "SELECT nothing FROM nowhere")
    with pytest.raises(OperationalFailure, match=r"Debit and credit are two accounts.*nowhere"):
        ask(posted, docs)


def test_a_session_that_is_cut_off_can_be_tried_again(
    posted: Attempt, docs: Path, monkeypatch: pytest.MonkeyPatch
):
    replace(
        monkeypatch,
        "ledger/expect/list_same_accounts",
        "SELECT pg_terminate_backend(pg_backend_pid())",
    )
    with pytest.raises(Transient, match="terminating connection"):
        ask(posted, docs)


def test_a_server_that_is_gone_can_be_tried_again(posted: Attempt, docs: Path):
    nowhere = make_conninfo(posted.database.conninfo, host="127.0.0.1", port=1)
    with pytest.raises(Transient, match="could not be asked"):
        ask(posted, docs, nowhere)


def test_expectations_cannot_write(posted: Attempt, docs: Path, monkeypatch: pytest.MonkeyPatch):
    replace(
        monkeypatch,
        "ledger/expect/list_same_accounts",
        "SELECT nextval('ledger_backfill_checkpoints_id_seq')",
    )
    with pytest.raises(OperationalFailure, match="read-only"):
        ask(posted, docs)


def test_no_session_and_no_temporary_table_is_left(posted: Attempt, docs: Path):
    ask(posted, docs)
    assert not posted.database.rows(
        "SELECT pid FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = 'trueup expect'"
    )
    assert not posted.database.rows("SELECT relname FROM pg_class WHERE relpersistence = 't'")


def test_asking_again_gives_the_same_answers_and_one_site(posted: Attempt, docs: Path):
    first = ask(posted, docs)
    again = ask(posted, docs)
    assert set(first["suites"]) == set(again["suites"]) == {"staging", "ledger"}
    assert sorted(page.suffix for page in docs.rglob("*.html")) == [".html"] * 5


def test_it_talks_through_the_log_alone(
    posted: Attempt, docs: Path, capfd: pytest.CaptureFixture, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.INFO):
        ask(posted, docs)
    printed = capfd.readouterr()
    assert printed.out == ""
    assert "Calculating Metrics" not in printed.err
    assert not [record for record in caplog.records if record.name.startswith("great_expectations")]


ANY_CHARACTERS = "p@s:/?#[]%$ {é}'\"\\"


@pytest.mark.parametrize(
    ("conninfo", "wanted"),
    [
        (
            make_conninfo(host="db.example", port=5433, user="run ner", password=ANY_CHARACTERS),
            {"host": "db.example", "port": "5433", "user": "run ner", "password": ANY_CHARACTERS},
        ),
        (
            "postgresql://runner:a%40b%24c@[::1]:5432/books?sslmode=prefer",
            {"host": "::1", "port": "5432", "user": "runner", "password": "a@b$c",
             "dbname": "books", "sslmode": "prefer"},
        ),
        (
            "host=/var/run/my-sockets dbname='my books' user=u",
            {"host": "/var/run/my-sockets", "dbname": "my books", "user": "u"},
        ),
    ],
)  # fmt: skip
def test_every_form_of_conninfo_reaches_the_driver_unchanged(
    conninfo: str, wanted: dict, posted: Attempt
):
    arguments = driver_arguments(posted, conninfo)
    assert {name: arguments[name] for name in wanted} == wanted
    assert "default_transaction_read_only=on" in arguments["options"]


@pytest.mark.parametrize("conninfo", ["", "host=one,two port=5432,5433", "user=other"])
def test_what_conninfo_leaves_open_is_as_in_the_runs_own_session(conninfo: str, posted: Attempt):
    here = posted.connection.info
    arguments = driver_arguments(posted, conninfo)
    assert (arguments["host"], arguments["port"]) == (here.host, str(here.port))
    assert arguments["dbname"] == here.dbname


def driver_arguments(attempt: Attempt, conninfo: str) -> dict:
    """What the driver is called with, after Great Expectations and SQLAlchemy took the URL."""
    from great_expectations.datasource.fluent import PostgresDatasource

    written = expectations.sqlalchemy_url(attempt.connection, conninfo)
    assert PostgresDatasource(name="books", connection_string=written)
    url = make_url(written)
    return url.get_dialect()().create_connect_args(url)[1]


def replace(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    """Let a statement file say something else."""
    original = statements.text
    monkeypatch.setattr(
        statements, "text", lambda asked: text if asked == name else original(asked)
    )
