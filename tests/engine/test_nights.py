"""A night: what it finds in broken books, what it leaves alone, and how it compares."""

import json
from pathlib import Path

import pytest

from runs import payments
from trueup import nights
from trueup.errors import Refused
from trueup.report import night as report
from trueup.systems import LEDGER


@pytest.fixture(autouse=True)
def world(books):
    books.open_world()


@pytest.fixture
def look(books):
    def look(**params):
        with books.database.connect("night") as connection:
            return nights.look(connection, LEDGER, "nightly_reconciliation", "test", **params)

    return look


def found(books, night) -> list[tuple[str, str, str | None]]:
    with books.database.connect("night") as connection:
        return [
            (row.check_name, row.subject, row.difference)
            for row in nights.findings(connection, night.night_id)
        ]


def test_good_books_are_clean(books, look):
    books.open_account("opening", "100", overdraft=True)
    books.backfill(payments(10))
    books.post_live("bob", "world", "1.00")
    night = look()
    assert night.is_clean
    assert found(books, night) == []
    assert set(night.figures["findings"].values()) == {0}
    assert look().is_clean


def test_a_balance_moved_by_hand_is_found_every_night_until_it_is_mended(books, look):
    books.backfill(payments(10))
    look()
    books.database.do("UPDATE bank_accounts SET balance = balance + 5 WHERE id = 'bob'")
    expected = [("moved_balances", "bob", "5.00"), ("trial_balance", "all accounts", "5.00")]
    for _ in range(2):
        night = look()
        assert night.status == "broken"
        assert [each for each in found(books, night) if each[0] != "broken_rules"] == expected
    books.database.do("UPDATE bank_accounts SET balance = balance - 5 WHERE id = 'bob'")
    assert look().is_clean


def test_two_wrongs_that_balance_are_found_per_account(books, look):
    """The trial balance is none the wiser."""
    books.backfill(payments(10))
    books.database.do("UPDATE bank_accounts SET balance = balance + 5 WHERE id = 'bob'")
    books.database.do(
        "UPDATE bank_accounts SET balance = balance - 5, "
        "available_balance = available_balance - 5 WHERE id = 'world'"
    )
    names = [(name, subject) for name, subject, _ in found(books, look())]
    assert ("moved_balances", "bob") in names
    assert ("moved_balances", "world") in names
    assert ("trial_balance", "all accounts") not in names


def test_the_first_night_on_books_that_nobody_knows_learns_what_stands(books, look):
    books.open_account("old", "70.00", overdraft=True)
    assert look().is_clean
    books.open_account("newer", "3.00", overdraft=True)
    assert ("moved_balances", "newer", "3.00") in found(books, look())
    assert look(learn_anew=True).is_clean
    assert look().is_clean


def test_opening_balances_that_a_run_found_are_known(books, look):
    books.open_account("old", "70.00", overdraft=True)
    books.backfill(payments(3))
    assert look().is_clean


def test_an_entry_that_moved_its_balance_twice_is_named_as_the_cause(books, look):
    books.backfill(payments(3))
    books.database.do("UPDATE bank_accounts SET balance = balance + 2.01 WHERE id = 'bob'")
    night = look()
    with books.database.connect("night") as connection:
        causes = {row.subject: row.cause for row in nights.findings(connection, night.night_id)}
    assert causes["bob"].startswith("One of its entries has this amount")


def test_broken_rules_and_a_poisoned_outbox_are_found(books, look):
    books.backfill(payments(3), outbox=True)
    books.database.do(
        "UPDATE dual_ledger_outbox SET status = 'FAILED', attempts = 5, last_error = '422 no' "
        "WHERE reference_id = 'pay-00001'"
    )
    books.database.do(
        "UPDATE dual_ledger_outbox SET created_at = now() - INTERVAL '2 days' "
        "WHERE reference_id = 'pay-00002'"
    )
    books.database.do(
        "ALTER TABLE bank_accounts DROP CONSTRAINT bank_accounts_available_balance_within_balance"
    )
    books.database.do("UPDATE bank_accounts SET reserved_balance = 99 WHERE id = 'carol'")
    names = {(name, subject) for name, subject, _ in found(books, look())}
    assert {("outbox_failures", "pay-00001"), ("broken_rules", "carol")} < names
    assert ("outbox_failures", "outbox") in names


def test_a_backlog_alone_is_a_warning(books, look):
    books.backfill(payments(3), outbox=True)
    books.database.do("UPDATE dual_ledger_outbox SET created_at = now() - INTERVAL '2 hours'")
    night = look()
    assert night.is_clean
    assert [name for name, _, _ in found(books, night)] == ["outbox_failures"]
    assert night.figures["measured"]["outbox_backlog"] == 3


def test_a_night_on_which_a_run_is_in_flight_says_so_and_finds_nothing_wrong(books, look):
    attempt = books.begin(payments(10), batch_size=3).to_posting()
    attempt.post_one_batch()
    night = look()
    assert night.is_clean
    assert night.in_flight == [attempt.run_id]
    assert attempt.run_id in nights.sentence(night)


def silent(books, minutes: int, status: str = "posting") -> None:
    """Have every run stand so, without a sign of life for so many minutes."""
    books.database.do(
        "UPDATE trueup.runs SET status = %s, last_seen_at = now() - make_interval(mins => %s)",
        status, minutes,
    )  # fmt: skip


def test_a_run_on_which_somebody_works_is_at_most_a_warning(books, look):
    attempt = books.begin(payments(10), batch_size=3).to_posting()
    silent(books, 20)
    assert found(books, look()) == []
    silent(books, 120)
    night = look()
    assert night.is_clean
    assert found(books, night) == [("stalled_runs", attempt.run_id, None)]
    attempt.die()


def test_a_run_whose_worker_is_gone_is_a_finding_that_turns_the_night_red(books, look):
    attempt = books.begin(payments(10), batch_size=3).to_posting()
    attempt.die()
    books.wait_until_nobody_works()
    silent(books, 4)  # the next task has not begun yet
    assert found(books, look()) == []
    silent(books, 6)
    night = look()
    assert not night.is_clean
    assert found(books, night) == [("stalled_runs", attempt.run_id, None)]
    with books.database.connect("night") as connection:
        (row,) = nights.findings(connection, night.night_id)
    assert row.severity == "critical"
    assert "no worker is connected" in row.cause


@pytest.mark.parametrize(
    ("status", "severity"),
    [("paused", "warning"), ("interrupted", "critical"), ("awaiting_approval", "critical")],
)
def test_a_run_that_waits_for_a_person_does_not_stall(books, look, status, severity):
    attempt = books.begin(payments(10), batch_size=3).to_posting()
    attempt.die()
    silent(books, 59, status)
    assert found(books, look()) == []
    silent(books, 61, status)
    night = look()
    with books.database.connect("night") as connection:
        (row,) = nights.findings(connection, night.night_id)
    assert (row.check_name, row.subject, row.severity) == (
        "waiting_runs", attempt.run_id, severity,
    )  # fmt: skip
    assert night.is_clean == (severity == "warning")


def test_a_run_whose_rollback_failed_waits_for_a_person(books, look):
    attempt = books.begin(payments(10), batch_size=3).to_posting()
    attempt.die()
    silent(books, 0, "rollback_failed")
    assert [name for name, _, _ in found(books, look())] == ["waiting_runs"]


def move(books, account: str, by: str) -> None:
    """Move a balance without an entry."""
    books.database.do(
        "UPDATE bank_accounts SET balance = balance + %s, "
        "available_balance = available_balance + %s WHERE id = %s",
        by, by, account,
    )  # fmt: skip


def test_the_drift_is_exact_by_currency_and_of_all_findings(books, look, monkeypatch):
    monkeypatch.setattr(nights, "FINDINGS_KEPT", 1)
    books.open_account("euro", "5", currency="EUR", overdraft=True)
    books.backfill(payments(10))
    assert look().figures["drift"] == {}
    move(books, "alice", "3.0004")
    move(books, "bob", "-1")
    move(books, "carol", "90071992547409.93")
    move(books, "euro", "0.0004")
    night = look()
    assert night.figures["drift"] == {"EUR": "0.0004", "USD": "90071992547413.9304"}
    assert night.figures["findings"]["moved_balances"] == 4
    kept = [name for name, _, _ in found(books, night)]
    assert kept.count("moved_balances") == 1


def test_a_reference_that_stands_twice_is_no_drift(books, look):
    books.backfill(payments(2))
    look()
    books.database.do("ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_reference_unique")
    books.database.do("UPDATE ledger_entries SET reference_id = 'one'")
    night = look()
    assert night.figures["findings"]["duplicate_references"] == 1
    assert night.figures["drift"] == {}


def test_the_trend_is_the_change_since_the_last_night(books, look):
    assert look().figures["trend"] == {}
    books.backfill(payments(4))
    books.post_live("bob", "world", "1.00")
    trend = look().figures["trend"]
    assert trend["entries"] == {"before": 0, "now": 5, "change": 5}
    assert trend["net_balances"]["change"] == {"USD": "0"}


def test_the_report_has_every_finding_and_no_float(books, look, tmp_path):
    books.backfill(payments(3))
    look()
    books.database.do("UPDATE bank_accounts SET balance = balance + 0.10 WHERE id = 'bob'")
    night = look()
    with books.database.connect("night") as connection:
        rows = nights.findings(connection, night.night_id)
    paths = report.write(night, rows, str(tmp_path / "docs" / "index.html"), tmp_path)
    page = Path(paths["html"]).read_text()
    assert "The balance was moved without an entry." in page
    assert "0.10" in page
    floats = []
    json.loads(Path(paths["json"]).read_text(), parse_float=floats.append)
    assert floats == []


def test_a_night_that_is_not_there_is_refused(books):
    with books.database.connect("night") as connection, pytest.raises(Refused):
        nights.read(connection, "night-nowhere")


def test_the_views_answer_the_seeds_monitoring_queries(books):
    books.backfill(payments(3), outbox=True)
    attempt = books.begin(payments(9), source_id="second", batch_size=4).to_posting()
    attempt.post_one_batch()
    value = books.database.value
    assert value("SELECT source_id FROM backfill_progress") == "second"
    assert value("SELECT count(*) FROM stalled_backfills") == 0
    books.database.do(
        "UPDATE ledger_backfill_checkpoints SET last_checkpoint_at = now() - INTERVAL '2 hours'"
    )
    assert value("SELECT source_id FROM stalled_backfills") == "second"
    assert value("SELECT max(total_entries) FROM backfill_completion") == 3
    assert value("SELECT count FROM outbox_sync_status WHERE status = 'QUEUED'") == 3
    assert value("SELECT count(*) FROM missing_entries") == 5
    assert value("SELECT count(*) FROM missing_outbox") == 0
    books.database.do("DELETE FROM dual_ledger_outbox WHERE reference_id = 'pay-00001'")
    assert value("SELECT reference_id FROM missing_outbox") == "pay-00001"
