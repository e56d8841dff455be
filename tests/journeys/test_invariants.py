"""The ten invariants of the house, each with an attempt to break it."""

import threading
import time
from contextlib import closing, suppress
from decimal import Decimal

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors as database_errors

from runs import entry, payments
from trueup import migrations, posting, statements, systems
from trueup.errors import DataFailure, OperationalFailure, Refused
from trueup.run_state import GREEN
from trueup.sources import blocks
from trueup.stages import post, roll_back

MIXED = [
    *payments(6),
    entry(amount="x"),
    payments(1)[0],
    entry("nobody", "world"),
    entry(referenceId="d", amount="1.00"),
    entry(referenceId="d", amount="2.00"),
    *payments(12)[6:],
]


def pytest_generate_tests(metafunc):
    """Every test in both regimes and with one and two workers.

    Where somebody else has posted before, or posts meanwhile, there is the live regime only: the
    initial one begins with an empty ledger and lets nobody else post.
    """
    marked = [mark.name for mark in metafunc.definition.iter_markers()]
    regimes = ["live"] if "live" in marked else ["live", "initial"]
    given = [(regime, workers) for regime in regimes for workers in (1, 2)]
    metafunc.parametrize("world", given, ids=lambda each: f"{each[0]}-{each[1]}", indirect=True)


@pytest.fixture(autouse=True)
def world(request, books, monkeypatch):
    """The books of a regime and its workers; a block is a line."""
    regime, workers = request.param
    books.defaults |= {"regime": regime, "parallel_workers": workers}
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1)
    books.open_world()


# 1. read = posted + replayed + quarantined, per batch and per run


@pytest.mark.parametrize("batch_size", [1, 3, 1000])
@pytest.mark.parametrize("parallel_workers", [1, 4])
def test_1_what_was_read_is_posted_replayed_or_quarantined_in_every_batch_and_run(
    books, batch_size, parallel_workers
):
    run = books.backfill(
        MIXED, batch_size=batch_size, parallel_workers=parallel_workers, max_quarantined="9"
    )
    assert (run.total_read, run.total_posted, run.total_replayed, run.total_quarantined) == (
        17, 12, 1, 4,
    )  # fmt: skip
    for table in ("run_ranges", "run_batches"):
        sums = books.database.row(
            f"SELECT sum(read) AS read, sum(posted) AS posted, sum(replayed) AS replayed, "
            f"sum(quarantined) AS quarantined, bool_and(read = posted + replayed + quarantined) "
            f"AS balanced FROM trueup.{table}"
        )
        assert tuple(sums) == (17, 12, 1, 4, True)


def test_1_a_row_that_vanishes_from_the_verdicts_stops_its_batch(books):
    rows = [row | {"timestampUtc": "2020-01-01"} for row in payments(6)]  # none of them plain
    attempt = books.begin(rows, batch_size=3).to_posting()
    books.database.do("DELETE FROM trueup.prepared_entries WHERE position = 3")
    before = books.state()
    with pytest.raises(DataFailure, match=r"Keys . to .: . rows were read, but . posted"):
        attempt.post()
    after = books.state()
    assert all("pay-00001" not in row for row in after["entries"])
    assert before["quarantine"] == after["quarantine"] == []
    assert books.disagreements() == []


def test_1_the_journal_itself_refuses_sums_that_do_not_add_up(books):
    books.backfill(payments(3))
    for table in ("run_ranges", "batches"):
        with pytest.raises(database_errors.CheckViolation, match="conservation"):
            books.database.do(f"UPDATE trueup.{table} SET posted = posted + 1")


def test_1_a_staged_row_that_vanishes_behind_the_checkpoint_fails_the_run(books):
    rows = [row | {"timestampUtc": "2020-01-01"} for row in payments(6)]
    attempt = books.begin(rows, batch_size=2).to_posting()
    for table in ("staged_entries", "prepared_entries"):
        books.database.do(f"DELETE FROM trueup.{table} WHERE position = 5")
    attempt.post()
    with pytest.raises(DataFailure, match="6 rows were to be processed, 5 were read"):
        attempt.check_balances()


# 2. Checkpoint, entries, balances and outbox commit together: tests/journeys/test_kill_and_resume


def test_2_before_the_commit_nobody_else_sees_anything_of_a_batch(books):
    attempt = books.begin(payments(6), batch_size=2, outbox=True).to_posting()
    before = books.state()
    with attempt.connection.transaction() as batch:
        attempt.post_one_batch()
        assert books.state() == before
        raise psycopg.Rollback(batch)
    assert books.state() == before
    attempt.post_one_batch()
    after = books.state()
    for part in ("entries", "balances", "outbox", "checkpoints"):
        assert after[part] != before[part]


# 3. Debits = credits per currency, and 4. balances = entries, at every commit that others see


def test_3_and_4_at_every_moment_others_see_books_that_balance(books, monkeypatch):
    """A witness looks as often as it can, through parallel posting, live traffic and rollback."""
    monkeypatch.setattr(roll_back, "_ENTRIES_PER_STEP", 7)
    books.open_account("deposit", side="credit", overdraft=True)
    source = [*payments(60), *(entry("alice", "deposit", "0.01") for _ in range(20))]
    attempt = books.begin(source, batch_size=3, parallel_workers=2).to_posting()
    over = threading.Event()
    looks, wrong = [], []

    def look() -> None:
        with psycopg.connect(books.database.conninfo, autocommit=True) as witness:
            while not over.is_set():
                found = witness.execute(LOOK).fetchone()
                looks.append(found[0])
                if found[1:] != (Decimal(0), 0):
                    wrong.append(found)

    def live() -> None:
        while not over.is_set():
            # The initial regime refuses whoever posts meanwhile.
            with suppress(database_errors.ObjectNotInPrerequisiteState):
                books.post_live("bob", "world", "0.01")
            time.sleep(0.01)

    threads = [threading.Thread(target=look), threading.Thread(target=live)]
    workers = [threading.Thread(target=attempt.post, args=(range_no,)) for range_no in (0, 1)]
    for thread in (*threads, *workers):
        thread.start()
    for thread in workers:
        thread.join()
    attempt.check_balances()
    done = attempt.roll_back()
    over.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(set(looks)) > 5, "the witness saw too little of it"
    assert done["proof"] == "equal"


LOOK = """
    WITH legs AS (
        SELECT account_id, sum(CASE side WHEN 'debit' THEN amount ELSE -amount END) AS debit
        FROM ledger_entry_legs GROUP BY account_id
    )
    SELECT
        (SELECT count(*) FROM ledger_entries),
        (SELECT sum(CASE normal_side WHEN 'debit' THEN balance ELSE -balance END)
         FROM bank_accounts),
        (SELECT count(*) FROM bank_accounts LEFT JOIN legs ON account_id = id
         WHERE balance <> CASE normal_side WHEN 'debit' THEN 1 ELSE -1 END * coalesce(debit, 0))
"""


def test_4_a_balance_that_somebody_moves_by_hand_is_noticed_while_posting(books):
    attempt = books.begin(payments(6), batch_size=2, checkpoint_interval=1).to_posting()
    attempt.post_one_batch()
    books.database.do("UPDATE bank_accounts SET balance = balance + 1 WHERE id = 'carol'")
    with pytest.raises(DataFailure, match="1 stored balances are not what their entries say"):
        attempt.post()


def test_4_the_look_at_balances_comes_as_often_as_asked_for(books, monkeypatch):
    monkeypatch.setattr(post, "_CHECK_SHARE", 0)
    looked = []
    original = posting.check_balances
    monkeypatch.setattr(
        posting, "check_balances", lambda *args: (looked.append(1), original(*args))
    )
    attempt = books.begin(payments(12), batch_size=1, checkpoint_interval=5).to_posting().post()
    assert len(looked) == 2
    attempt.check_balances()


# 5. One key, one content, for ever


@pytest.mark.live
def test_5_a_key_keeps_its_content_whoever_comes(books):
    books.backfill([entry(amount="1.00", referenceId="key")])
    before = books.state()["entries"]
    books.backfill([entry(amount="2.00", referenceId="key"), *payments(1)], max_quarantined="1")
    with pytest.raises(database_errors.UniqueViolation):
        books.post_live("alice", "world", "3.00", "key")
    assert before[0] in books.state()["entries"]


@pytest.mark.live
def test_5_a_key_that_is_posted_live_between_verdict_and_posting_is_not_posted_again(books):
    source = [entry(amount="1.00", referenceId="same", transactionType="LIVE", timestampUtc=None),
              entry(amount="2.00", referenceId="other"), *payments(2)]  # fmt: skip
    attempt = books.begin(source).to_posting()
    books.post_live("alice", "world", "1.00", "same")
    books.post_live("alice", "world", "9.99", "other")
    attempt.post().check_balances().constrain().expect().reconcile().complete()
    row = attempt.row
    assert (row.total_posted, row.total_replayed, row.total_quarantined) == (2, 1, 1)
    found = books.database.row("SELECT * FROM trueup.quarantine")
    assert (found.position, found.stage, found.reason_code) == (3, "post", "conflicting_duplicate")
    assert found.reason == "Reference other was posted meanwhile with another content."
    assert found.fields["amount"] == "2.00"
    assert books.disagreements() == []


@pytest.mark.live
def test_5_a_live_duplicate_is_quarantined_at_posting_where_duplicates_are_not_skipped(books):
    source = [entry(referenceId="same", transactionType="LIVE", timestampUtc=None), *payments(1)]
    attempt = books.begin(source, skip_duplicates=False).to_posting()
    books.post_live("alice", "world", "1.00", "same")
    attempt.post().check_balances()
    assert books.reasons(attempt.run_id) == {2: "duplicate_reference"}


# 6. After a delete rollback the state hash is the one before: tests/engine/stages/test_roll_back


@pytest.mark.live
def test_6_the_hash_does_not_depend_on_the_order_of_rows(books):
    books.backfill(payments(5))
    attempt = books.begin(payments(6)).to_posted()
    books.database.do("UPDATE ledger_entries SET recorded_at = recorded_at WHERE run_line % 2 = 0")
    books.database.do("UPDATE bank_accounts SET updated_at = now() WHERE id > 'b'")
    books.database.do("VACUUM FULL ledger_entries")
    assert attempt.roll_back()["proof"] == "equal"


# 7. No green run without a completed backfill or a finished dry run; no silent skip anywhere


@pytest.mark.parametrize(
    "sabotage",
    [
        "TRUNCATE trueup.staged_entries, trueup.prepared_entries",
        "DELETE FROM ledger_entries WHERE run_line = 3",
        "UPDATE bank_accounts SET balance = 0, available_balance = 0",
        "UPDATE trueup.run_ranges SET checkpoint_key = last_key, read = 0, posted = 0",
    ],
)
def test_7_a_run_whose_rows_were_lost_on_the_way_does_not_become_green(books, sabotage):
    rows = payments(6)
    rows[-1]["timestampUtc"] = "2020-01-01"  # staged as text, while the others are plain
    attempt = books.begin(rows, batch_size=2).to_posting()
    attempt.post_one_batch()
    if attempt.row.regime == "initial" and "ledger_entries" in sabotage:
        with pytest.raises(database_errors.ObjectNotInPrerequisiteState):
            books.database.do(sabotage)
        return
    books.database.do(sabotage)
    with pytest.raises((DataFailure, OperationalFailure)):
        attempt.post().check_balances().constrain().expect().reconcile().complete()
    assert attempt.row.status not in GREEN


# 8. Money is never a float


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.decimals(Decimal("0.01"), Decimal("9" * 25), places=2, allow_nan=False),
        min_size=1,
        max_size=20,
    )
)
def test_8_money_comes_out_as_it_went_in_to_the_last_digit(books, amounts):
    connection = books.database.connect()
    with connection.transaction() as trial:
        for number, amount in enumerate(amounts):
            connection.execute(
                "SELECT post_ledger_entry('M', 'alice', 'world', %s, 'USD', 'fiat', 'T', %s)",
                [str(amount), f"r-{number}"],
            )
        found = connection.execute(
            "SELECT amount::TEXT FROM ledger_entries WHERE ledger_id = 'M' ORDER BY id"
        ).fetchall()
        total = connection.execute(
            "SELECT balance FROM bank_accounts WHERE id = 'alice'"
        ).fetchone()
        raise psycopg.Rollback(trial)
    connection.close()
    assert [row.amount for row in found] == [str(amount) for amount in amounts]
    assert total.balance == sum(amounts)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.from_regex(r"[0-9]{1,28}(\.[0-9]{0,1}[1-9]0{0,9})?", fullmatch=True).filter(
            lambda text: text.strip("0.") != ""
        ),
        min_size=1,
        max_size=50,
    )
)
def test_8_amounts_come_through_a_whole_backfill_to_the_last_digit(books, amounts):
    if books.defaults["regime"] == "initial":  # it begins with an empty ledger
        books.database.do("TRUNCATE ledger_entries, dual_ledger_outbox")
        books.database.do("UPDATE bank_accounts SET balance = 0, available_balance = 0")
    source = [entry(amount=amount, ledgerId=f"L{len(amounts)}") for amount in amounts]
    run = books.backfill(source)
    assert run.status == "completed", run.message
    found = books.database.rows(
        "SELECT amount FROM ledger_entries WHERE run_id = %s ORDER BY run_line", run.run_id
    )
    assert [row.amount for row in found] == [Decimal(amount) for amount in amounts]


def test_8_a_backfill_adds_up_what_floats_would_not(books):
    amounts = ["9007199254740993.01", "0.10", "0.20", "12345678901234567890.12"]
    books.backfill([entry(amount=amount) for amount in amounts])
    assert books.balances()["alice"] == str(sum(map(Decimal, amounts)))


def test_8_no_figure_of_money_in_the_journal_is_a_json_number(books):
    books.open_account("dora", balance="40.10")
    run = books.backfill([*payments(3), entry("bob", "alice", "3.00")], accept_breaks=9)
    text = books.database.value(
        "SELECT figures::TEXT FROM trueup.runs WHERE run_id = %s", run.run_id
    )
    assert "40.10" in text
    assert not books.database.rows(
        "SELECT value FROM trueup.runs, jsonb_path_query(figures, 'strict $.**') AS value "
        "WHERE jsonb_typeof(value) = 'number' AND value::NUMERIC <> trunc(value::NUMERIC)"
    )


def test_8_no_column_that_can_hold_money_is_a_float(books):
    assert books.database.rows(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema IN ('public', 'trueup') "
        "AND data_type IN ('real', 'double precision', 'money')"
    ) == []  # fmt: skip


# 9. Resume refuses under a changed source or changed posting code: tests/engine/test_journal


def test_9_one_changed_byte_in_the_source_is_another_source(books):
    attempt = books.begin(payments(6), batch_size=2).to_posting()
    attempt.post_one_batch()
    attempt.die()
    path = books.folder / "entries.csv"
    path.write_bytes(path.read_bytes().replace(b"1.00", b"9.00", 1))
    books.wait_until_nobody_works()
    with pytest.raises(Refused, match="the source file's content changed since it began"):
        books.begin("entries.csv", batch_size=2)


# 10. Nothing the bundle does needs superuser


def test_10_the_engine_works_as_a_role_without_any_privilege(books):
    role = books.database.row(
        "SELECT rolsuper, rolcreaterole, rolreplication, rolbypassrls, current_user AS name "
        "FROM pg_roles WHERE rolname = current_user"
    )
    assert tuple(role)[:4] == (False, False, False, False)
    run = books.backfill(payments(3))
    assert run.status == "completed"


def test_10_no_statement_asks_for_what_only_a_superuser_may():
    forbidden = ("session_replication_role", "DISABLE TRIGGER ALL", "CREATE EXTENSION",
                 "ALTER SYSTEM", "pg_read_file", "COPY FROM '")  # fmt: skip
    for path in statements.SQL_FOLDER.rglob("*.sql"):
        text = path.read_text(encoding="utf-8").upper()
        assert not [word for word in forbidden if word.upper() in text], path
        # With the owner's rights works only what an app's own writes set off, and it looks for
        # nothing in schemas of theirs.
        if "SECURITY DEFINER" in text:
            assert "RETURNS TRIGGER" in text, path
            assert "SET SEARCH_PATH = PUBLIC, PG_TEMP" in text, path
            assert f"REVOKE EXECUTE ON FUNCTION {path.stem}() FROM PUBLIC".upper() in text, path


@pytest.mark.live
def test_10_what_works_with_its_owner_s_rights_is_nobody_else_s_to_attach(server):
    """Whoever may execute a trigger's function may attach it to a table of his own."""
    found = 0
    for system in systems.every():
        database = server.create()
        with closing(database.connect()) as connection:
            migrations.migrate(connection, system)
        definers = database.rows(
            "SELECT oid::REGPROCEDURE::TEXT AS name, "
            "has_function_privilege('public', oid, 'EXECUTE') AS public "
            "FROM pg_proc WHERE prosecdef AND pronamespace IN "
            "('public'::REGNAMESPACE, 'trueup'::REGNAMESPACE)"
        )
        assert [row.name for row in definers if row.public] == [], system.name
        found += len(definers)
        server.drop(database)
    assert found
