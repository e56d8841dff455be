"""The pace: batches near their duration, small steps and pauses when others suffer."""

import threading
import time

import pytest

from runs import entry, payments
from trueup import batches, pacing
from trueup.pacing import NO_PRESSURE, Pace, Pressure


@pytest.fixture
def said():
    return []


@pytest.fixture
def pace(said, monkeypatch):
    monkeypatch.setattr(pacing.time, "sleep", lambda seconds: said.append(seconds))
    return Pace(1000, 1.0, said.append)


def sentences(said) -> list[str]:
    return [each for each in said if isinstance(each, str)]


def test_pressure_is_told_once_when_it_begins_and_once_when_it_ends(pace, said):
    lagging = Pressure(lag_seconds=30.0)
    for pressure in (NO_PRESSURE, lagging, lagging, lagging, NO_PRESSURE, NO_PRESSURE):
        pace.after(1.0, pressure)
    assert sentences(said) == [
        "Backing off to batches of 500: a standby lags behind (30.0 s).",
        "Nobody suffers any more; going on with batches of 125.",
    ]


def test_pauses_double_up_to_five_seconds_and_end_with_the_pressure(pace, said):
    for _ in range(8):
        pace.after(1.0, Pressure(waiting_seconds=1.0))
    pauses = [each for each in said if isinstance(each, float)]
    assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0])
    pace.after(1.0, NO_PRESSURE)
    assert said[-1] == 0.0


def test_an_old_transaction_makes_batches_small_and_no_pause(pace, said):
    pace.after(0.1, Pressure(transaction_seconds=301.0))
    assert pace.size == 500
    assert said[-1] == 0.0
    for _ in range(20):
        pace.after(0.1, Pressure(transaction_seconds=301.0))
    assert pace.size == batches.SMALLEST_BATCH


def test_everyday_traffic_is_no_pressure(pace):
    everyday = Pressure(lag_seconds=0.5, waiting_seconds=0.05, transaction_seconds=20.0)
    assert everyday.reasons == []
    pace.after(0.1, everyday)
    assert pace.size == 1500


def test_a_failed_batch_is_tried_again_at_half_its_size(pace):
    pace.after_failure()
    assert pace.size == 500


def test_a_session_that_waits_for_our_lock_is_seen_before_we_commit(books):
    books.open_world()
    ours = books.database.connect("worker")
    theirs = books.database.connect("test")
    with ours.transaction():
        ours.execute("SELECT 1 FROM bank_accounts WHERE id = 'alice' FOR UPDATE")
        waiting = threading.Thread(
            target=lambda: theirs.execute("UPDATE bank_accounts SET balance = 0 WHERE id = 'alice'")
        )
        waiting.start()
        for _ in range(500):
            pressure = pacing.read_pressure(ours)
            if (pressure.waiting_seconds or 0) > pacing.WAITING_SECONDS:
                break
            time.sleep(0.01)
        assert any("waits for our locks" in reason for reason in pressure.reasons)
    waiting.join()
    assert pacing.read_pressure(ours).waiting_seconds is None


def test_a_transaction_of_another_session_is_seen_and_ours_are_not(books):
    ours = books.database.connect("worker")
    with books.database.connect("another worker").transaction():
        assert pacing.read_pressure(ours).transaction_seconds is None
    with books.database.admin() as somebody, somebody.transaction():
        somebody.execute("SET application_name = 'the shop'")
        somebody.execute("SELECT 1")
        pressure = pacing.read_pressure(books.database.admin())
        assert pressure.transaction_seconds is not None
        assert pressure.lag_seconds is None


def test_sizes_grow_while_a_run_posts_and_every_row_is_posted(books, monkeypatch):
    monkeypatch.setattr(batches, "GROWTH", 1.5)
    books.open_world()
    run = books.backfill(payments(60), batch_size=2, batch_seconds=60)
    assert (run.status, run.total_posted) == ("completed", 60)
    sizes = [
        row.keys
        for row in books.database.rows(
            "SELECT last_key - first_key + 1 AS keys FROM trueup.batches ORDER BY batch_no"
        )
    ]
    assert sizes[:5] == [2, 3, 4, 6, 9]


def test_the_journal_tells_of_pressure(books, monkeypatch):
    monkeypatch.setattr(pacing, "TRANSACTION_SECONDS", -1.0)
    books.open_world()
    with books.database.admin() as somebody, somebody.transaction():
        somebody.execute("SELECT 1")
        monkeypatch.setattr(pacing, "read_pressure", lambda _: Pressure(transaction_seconds=1.0))
        attempt = books.begin([*payments(9), entry()], batch_size=2).to_posted()
    events = [row.event for row in books.database.rows("SELECT event FROM trueup.audit_log")]
    told = [event for event in events if event.startswith("Backing off")]
    assert told == ["Backing off to batches of 2: another session's transaction is old (1.0 s)."]
    attempt.check_balances()
