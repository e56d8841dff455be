"""Two ledgers: entries taken and delivered, answers lost, rows refused, lies found by checksum."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from demo import scb_server
from demo.scb_server import Bank

from apis import served
from runs import entry
from trueup import dual_ledger, nights
from trueup.errors import (
    DataFailure,
    OperationalFailure,
    Refused,
    RollbackRefused,
    Transient,
)
from trueup.sources import http
from trueup.sources.endpoints import Endpoint
from trueup.systems import LEDGER

SYNC = {
    "source": "entries", "source_type": "SCB", "source_connection": "scb", "outbox": True,
    "sovereign_bank_id": "central", "start_date": "2020-01-01", "end_date": "2020-01-31",
    "mapping": "m.yaml", "ledger_id": "SOVEREIGN",
}  # fmt: skip


@pytest.fixture
def bank(books, monkeypatch):
    """A bank with twelve entries of January and one of February."""
    monkeypatch.setattr(http.time, "sleep", lambda _: None)
    books.open_world()
    books.write("m.yaml", "api: {page_size: 5, key: referenceId}\n")
    scb_server.app.state.banks = {"central": Bank()}
    found = scb_server.app.state.banks["central"]
    for number in range(1, 13):
        theirs = entry(
            "alice", "world", f"{number}.50", referenceId=f"scb-{number:03}",
            timestampUtc=f"2020-01-{number:02}T10:00:00Z", ledgerId="SOVEREIGN",
        )  # fmt: skip
        found.entries[theirs["referenceId"]] = theirs
    late = entry(referenceId="scb-february", timestampUtc="2020-02-01T00:00:00Z")
    found.entries["scb-february"] = late
    with served(scb_server.app) as port:
        books.endpoints["scb"] = Endpoint(
            "scb", "http", "http://127.0.0.1", port, None, "scb-token", None,
            {"trueup_source": True},
        )  # fmt: skip
        yield found


def write_ours(books, number=4):
    """Entries of our own that the SCB is to learn of."""
    books.backfill(
        [entry("bob", "world", f"{n}.25", referenceId=f"own-{n:03}",
               timestampUtc=f"2020-01-15T10:{n % 60:02}:00Z") for n in range(number)],
        outbox=True, source_id=f"own-{number}",
    )  # fmt: skip


def post_live(books, reference, moment=None):
    """An entry that somebody posts beside the runs; the SCB is to learn of it."""
    session = books.database.connect()
    session.execute("SET trueup.outbox = 'on'")
    session.execute(
        "SELECT post_ledger_entry('MASTER', 'bob', 'world', 1, 'USD', 'fiat', 'LIVE', %s, "
        "p_timestamp_utc => %s)",
        [reference, moment],
    )


def outbox(books) -> dict[str, int]:
    return dict(
        books.database.rows("SELECT status, count(*) FROM dual_ledger_outbox GROUP BY status")
    )


class Sync:
    """A run up to its postings, whose delivery and comparison a test takes one by one."""

    def __init__(self, books, **params) -> None:
        self.books = books
        self.attempt = books.begin(**SYNC | params).to_posted().check_balances().constrain()
        self.attempt.expect()

    def deliver(self):
        run = self.attempt.run()
        return dual_ledger.deliver(self.attempt.connection, run, self.books.endpoints["scb"])

    def compare(self):
        run = self.attempt.run()
        return dual_ledger.compare(self.attempt.connection, run, self.books.endpoints["scb"])

    def finish(self):
        return self.attempt.reconcile().complete().row


def test_both_ledgers_have_what_both_had_and_nothing_is_sent_back(books, bank):
    write_ours(books)
    sync = Sync(books)
    assert sync.deliver() == {"queued": 0, "sent": 0, "acked": 16, "failed": 0}
    assert sync.compare()["differences"] == 0
    assert sync.finish().status == "completed"
    assert sorted(bank.received) == [f"own-{n:03}" for n in range(4)]
    assert len(bank.entries) == 17
    assert "scb-february" not in books.references()


def test_a_second_sync_posts_and_sends_nothing(books, bank):
    write_ours(books)
    first = Sync(books)
    first.deliver()
    first.finish()
    second = Sync(books)
    second.deliver()
    row = second.finish()
    # What was delivered comes back as theirs, and is known.
    assert (row.total_posted, row.total_replayed) == (0, 16)
    assert len(bank.received) == 4


def test_an_answer_that_was_lost_after_the_commit_books_nothing_twice(books, bank):
    write_ours(books)
    bank.lose_answers = 2
    sync = Sync(books, max_retries=3)
    assert sync.deliver()["acked"] == 16
    assert len(bank.received) == 6
    assert len(bank.entries) == 17
    assert sync.compare()["differences"] == 0


def test_a_row_that_is_refused_blocks_nobody_and_keeps_its_words(books, bank):
    write_ours(books)
    bank.refuse = {"own-001"}
    sync = Sync(books)
    assert sync.deliver() == {"queued": 0, "sent": 0, "acked": 15, "failed": 1}
    failed = books.database.row("SELECT * FROM dual_ledger_outbox WHERE status = 'FAILED'")
    assert (failed.reference_id, failed.attempts) == ("own-001", 1)
    assert "This entry cannot be booked here" in failed.last_error
    # It is missing there, and that is no surprise.
    assert sync.compare()["refused_there"] == 1
    assert sync.finish().status == "completed"


def test_another_ledger_that_is_down_breaks_the_delivery_off_and_loses_nothing(books, bank):
    write_ours(books)
    sync = Sync(books, max_retries=0)
    bank.fail_next = 3
    with pytest.raises(Transient):
        sync.deliver()
    assert outbox(books) == {"ACKED": 12, "QUEUED": 4}
    assert "503" in books.database.value("SELECT max(last_error) FROM dual_ledger_outbox")
    assert sync.deliver()["acked"] == 16


def test_a_row_that_never_arrives_is_given_up_after_its_attempts(books, bank):
    write_ours(books, 1)
    sync = Sync(books, max_retries=0)
    for _ in range(9):
        bank.fail_next = 1
        with pytest.raises(Transient, match="1 of 1 outbox rows could not be delivered"):
            sync.deliver()
    bank.fail_next = 1
    assert sync.deliver()["failed"] == 1
    assert outbox(books) == {"ACKED": 12, "FAILED": 1}
    # It is the night's to be red about; what came from the other ledger stays.
    assert sync.compare()["known"] == 1
    reason = books.database.value("SELECT known_reason FROM trueup.ledger_differences")
    assert reason.startswith("given up after 10 attempts: ")
    with books.database.connect("night") as connection:
        assert not nights.look(connection, LEDGER, "nightly", "test").is_clean


def test_a_row_that_was_given_up_has_as_many_attempts_once_more(books, bank):
    write_ours(books, 1)
    sync = Sync(books, max_retries=0)
    books.database.do("UPDATE dual_ledger_outbox SET attempts = 10 WHERE reference_id = 'own-000'")
    bank.fail_next = 1
    with pytest.raises(Transient):
        sync.deliver()
    assert outbox(books) == {"ACKED": 12, "QUEUED": 1}
    assert sync.deliver()["acked"] == 13


def test_a_row_that_was_sent_by_a_worker_that_died_is_sent_again(books, bank):
    write_ours(books, 2)
    books.database.do("UPDATE dual_ledger_outbox SET status = 'SENT', attempts = 1")
    assert Sync(books).deliver()["acked"] == 14


def test_throttling_and_failures_are_waited_out(books, bank):
    write_ours(books)
    bank.throttle_every, bank.fail_next = 3, 2
    sync = Sync(books, max_retries=4, retry_delay=1)
    assert sync.deliver()["acked"] == 16
    assert sync.compare()["differences"] == 0


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        ({"lies": {"scb-007": {"amount": "7.51"}}}, "different"),
        ({"hidden": {"scb-007"}}, "missing_there"),
        ({"entries": {"scb-extra": entry(referenceId="scb-extra",
                                         timestampUtc="2020-01-20T00:00:00Z")}}, "missing_here"),
    ],
)  # fmt: skip
def test_ledgers_that_disagree_are_found_out_and_the_run_is_taken_back(books, bank, trouble, kind):
    sync = Sync(books)
    sync.deliver()
    for name, value in trouble.items():
        held = getattr(bank, name)
        held.update(value)
    with pytest.raises(DataFailure, match=f"1 references differ.*{kind.replace('_', ' ')}"):
        sync.compare()
    assert sync.attempt.roll_back()["proof"] == "equal"
    assert books.references() == []


def test_one_difference_among_thousands_is_found_without_shipping_them(books, bank):
    for number in range(3_000):
        theirs = entry("alice", "world", "1.00", referenceId=f"many-{number:05}",
                       timestampUtc="2020-01-20T00:00:00Z")  # fmt: skip
        bank.entries[theirs["referenceId"]] = theirs
    books.write("m.yaml", "api: {page_size: 1000, key: referenceId}\n")
    sync = Sync(books)
    bank.lies = {"many-01234": {"amount": "1.01"}}
    with pytest.raises(DataFailure, match="1 references differ"):
        sync.compare()
    figures = sync.attempt.row.figures["compared"]
    assert figures["fetched"] <= 100
    assert figures["ranges"] <= 20
    found = books.database.row("SELECT * FROM trueup.ledger_differences")
    assert (found.reference_id, found.kind) == ("many-01234", "different")


def test_what_comes_back_without_its_ledger_is_known_as_ours(books, bank):
    """Staged for a ledger of the SCB's it would have a new key, and be posted a second time."""
    books.backfill(
        [entry("bob", "world", "7.25", referenceId="own-1", assetType="cbdc", fxRate="1.5",
               metadata='{"rate": 12345678901234567.89}',
               timestampUtc="2020-01-15T10:00:00Z")],
        outbox=True,
    )  # fmt: skip
    post_live(books, "live-1", "2020-01-16T00:00:00Z")
    # The moment of this one is filled in.
    post_live(books, "live-2")
    days = {"start_date": "2020-01-01", "end_date": "2099-12-31"}
    first = Sync(books, **days)
    first.deliver()
    first.finish()
    bank.untold = {"ledgerId", "assetType", "fxRate", "metadata"}
    before = books.balances()
    second = Sync(books, **days)
    second.deliver()
    assert second.compare()["differences"] == 0
    row = second.finish()
    assert (row.total_posted, row.total_replayed, row.total_quarantined) == (0, 16, 0)
    assert books.balances() == before


def test_what_comes_back_and_says_something_else_is_a_conflict(books, bank):
    write_ours(books)
    first = Sync(books)
    first.deliver()
    first.finish()
    bank.untold = {"ledgerId"}
    bank.lies = {"own-002": {"amount": "2.26"}}
    second = Sync(books, max_quarantined="1")
    assert books.reasons(second.attempt.run_id) == {3: "conflicting_duplicate"}
    assert books.references().count("own-002") == 1
    with pytest.raises(DataFailure, match=r"own-002 \(different\)"):
        second.compare()


def test_numbers_of_the_metadata_arrive_to_the_last_digit(books, bank):
    books.backfill(
        [entry("bob", "world", "7.25", referenceId="own-1", timestampUtc="2020-01-15T10:00:00Z",
               metadata='{"rate": 12345678901234567.89}')],
        outbox=True,
    )  # fmt: skip
    first = Sync(books)
    first.deliver()
    first.finish()
    assert bank.entries["own-1"]["metadata"] == {"rate": Decimal("12345678901234567.89")}
    row = Sync(books).finish()
    assert (row.total_replayed, row.total_quarantined) == (13, 0)


def test_a_reference_that_stands_twice_there_is_a_difference(books, bank):
    sync = Sync(books)
    bank.doubled = {"scb-007"}
    with pytest.raises(DataFailure, match=r"1 references differ.*scb-007 \(different\)"):
        sync.compare()
    found = books.database.row("SELECT * FROM trueup.ledger_differences")
    assert (found.here.count("scb-007"), found.there.count("scb-007")) == (1, 2)


def test_a_reference_that_stands_twice_here_is_a_difference(books, bank):
    """The entry would be there once and here twice: the balances are not the same."""
    sync = Sync(books)
    books.database.do(
        "WITH twin AS (INSERT INTO ledger_entries (ledger_id, debit_account_id, "
        "credit_account_id, amount, currency_code, transaction_type, reference_id, timestamp_utc) "
        "SELECT 'ANOTHER', debit_account_id, credit_account_id, amount, currency_code, "
        "transaction_type, reference_id, timestamp_utc FROM ledger_entries "
        "WHERE reference_id = 'scb-007' RETURNING id, reference_id) "
        "INSERT INTO dual_ledger_outbox (entry_id, reference_id, status) "
        "SELECT id, reference_id, 'ACKED' FROM twin"
    )  # fmt: skip
    with pytest.raises(DataFailure, match=r"1 references differ.*scb-007 \(different\)"):
        sync.compare()


def test_checksums_that_differ_although_no_entry_does_are_no_agreement(books, bank, monkeypatch):
    sync = Sync(books)
    monkeypatch.setattr(scb_server, "word", lambda _: 1)
    with pytest.raises(DataFailure, match=r"checksums differ .* but no entry does"):
        sync.compare()


@pytest.mark.parametrize("status", [301, 401, 403, 404, 405, 408, 418])
def test_an_answer_that_refuses_no_row_breaks_off_and_loses_none(books, bank, status):
    write_ours(books)
    sync = Sync(books)
    bank.turn_away = status
    with pytest.raises(OperationalFailure, match=f"{status}.*Airflow connection scb") as failure:
        sync.deliver()
    assert not isinstance(failure.value, Transient)
    assert outbox(books) == {"ACKED": 12, "QUEUED": 4}
    first = books.database.row("SELECT * FROM dual_ledger_outbox WHERE attempts > 0")
    assert (first.reference_id, first.attempts, first.refused) == ("own-000", 1, False)
    assert f"answered {status}" in first.last_error
    bank.turn_away = 0
    assert sync.deliver()["acked"] == 16
    assert sync.compare()["differences"] == 0


@pytest.mark.parametrize("status", [400, 409, 413, 422])
def test_an_answer_that_refuses_the_row_fails_this_row_alone(books, bank, status):
    write_ours(books, 2)
    sync = Sync(books)
    bank.turn_away = status
    assert sync.deliver()["failed"] == 2
    assert (
        books.database.value("SELECT refused FROM outbox_sync_status WHERE status = 'FAILED'") == 2
    )
    assert sync.compare()["refused_there"] == 2
    bank.turn_away = 0
    books.database.do("UPDATE dual_ledger_outbox SET status = 'QUEUED' WHERE status = 'FAILED'")
    assert sync.deliver()["acked"] == 14
    assert books.database.value("SELECT bool_or(refused) FROM dual_ledger_outbox") is False


def test_one_row_that_does_not_arrive_is_tried_again_before_the_ledgers_are_compared(books, bank):
    write_ours(books)
    sync = Sync(books, max_retries=0)
    bank.fail_next = 1
    with pytest.raises(Transient, match="1 of 4 outbox rows could not be delivered"):
        sync.deliver()
    assert outbox(books) == {"ACKED": 15, "QUEUED": 1}
    assert sync.deliver()["acked"] == 16
    assert sync.compare()["differences"] == 0


def test_what_is_posted_behind_the_delivery_takes_no_import_back(books, bank):
    sync = Sync(books)
    sync.deliver()
    post_live(books, "live-1", "2020-01-16T00:00:00Z")
    post_live(books, "live-2", "2020-01-17T00:00:00Z")
    figures = sync.compare()
    assert (figures["differences"], figures["known"], figures["refused_there"]) == (2, 2, 0)
    found = books.database.rows("SELECT kind, known_reason FROM trueup.ledger_differences")
    assert found == [("missing_there", "not delivered yet")] * 2
    assert sync.finish().status == "completed"


def test_what_was_quarantined_here_is_missing_for_a_known_reason(books, bank):
    bank.lies = {"scb-007": {"debitAccountId": "nobody"}}
    sync = Sync(books, max_quarantined="1")
    sync.deliver()
    assert sync.compare()["known"] == 1
    found = books.database.row("SELECT * FROM trueup.ledger_differences")
    assert (found.kind, found.known_reason) == ("missing_here", "quarantined here: unknown_account")
    assert sync.finish().status == "completed"


def test_two_banks_of_one_connection_have_a_checkpoint_each(books, bank):
    scb_server.app.state.banks["northern"] = Bank(
        entries={"n-1": entry(referenceId="n-1", timestampUtc="2020-01-03T00:00:00Z")}
    )
    Sync(books).finish()
    Sync(books, sovereign_bank_id="northern").finish()
    checkpoints = books.database.rows(
        "SELECT source_id, total_processed FROM ledger_backfill_checkpoints ORDER BY 1"
    )
    assert checkpoints == [("scb:central:entries", 12), ("scb:northern:entries", 1)]


def test_what_may_have_arrived_is_not_deleted_here(books, bank):
    """Its answer was lost: the SCB has booked it, and the outbox does not know."""
    own = books.begin(
        [entry("bob", "world", "2.25", referenceId="own-1", timestampUtc="2020-01-15T10:00:00Z")],
        outbox=True,
    ).to_reconciled().complete()  # fmt: skip
    own.die()
    books.wait_until_nobody_works()
    sync = Sync(books, max_retries=0)
    bank.lose_answers = 1
    with pytest.raises(Transient):
        sync.deliver()
    assert outbox(books) == {"ACKED": 12, "QUEUED": 1}
    assert "own-1" in bank.entries
    books.database.do("UPDATE dual_ledger_outbox SET status = 'FAILED' WHERE status = 'QUEUED'")
    sync.finish()
    own.connection = books.database.connect("worker")
    for status in ("FAILED", "QUEUED"):
        books.database.do(
            "UPDATE dual_ledger_outbox SET status = %s WHERE reference_id = 'own-1'", status
        )
        with pytest.raises(RollbackRefused, match=r"1 outbox rows of run .* may have arrived"):
            own.roll_back()
    assert "own-1" in books.references()
    own.roll_back(mode="reverse")
    Sync(books, max_quarantined="1").deliver()
    assert [each for each in bank.entries if each.startswith("REVERSAL-")]


def test_what_was_refused_there_is_deleted_or_reversed_here_and_nobody_is_told(books, bank):
    own = books.begin(
        [entry("bob", "world", f"{n}.25", referenceId=f"own-{n}",
               timestampUtc="2020-01-15T10:00:00Z") for n in range(1, 3)],
        outbox=True,
    ).to_reconciled().complete()  # fmt: skip
    own.die()
    books.wait_until_nobody_works()
    bank.refuse = {"own-1"}
    sync = Sync(books)
    sync.deliver()
    sync.finish()
    own.connection = books.database.connect("worker")
    with pytest.raises(RollbackRefused, match=r"1 outbox rows of run .* were delivered"):
        own.roll_back()
    assert own.roll_back(mode="reverse")["reversed"] == 2
    queued = books.database.value(
        "SELECT string_agg(entry.metadata ->> 'reverses', ' ') FROM dual_ledger_outbox AS outbox "
        "JOIN ledger_entries AS entry ON entry.id = entry_id WHERE outbox.status = 'QUEUED'"
    )
    assert queued == "own-2"
    assert books.database.rows("SELECT * FROM missing_outbox") == []


def test_what_was_delivered_and_reversed_comes_back_as_replays(books, bank):
    own = books.begin(
        [entry("bob", "world", "1.25", referenceId="own-1", timestampUtc="2020-01-15T10:00:00Z")],
        outbox=True,
    ).to_reconciled().complete()  # fmt: skip
    own.die()
    books.wait_until_nobody_works()
    first = Sync(books)
    first.deliver()
    first.finish()
    own.connection = books.database.connect("worker")
    assert own.roll_back(mode="reverse")["reversed"] == 1
    # The reversal is of today, and February comes along.
    for replayed in (13, 15):
        sync = Sync(books, end_date="2099-12-31")
        sync.deliver()
        assert sync.compare()["differences"] == 0
        row = sync.finish()
        assert (row.total_replayed, row.total_quarantined) == (replayed, 0)


def test_what_the_bank_books_while_it_is_read_is_the_next_synchronisations(books, bank):
    sync = Sync(books, end_date="2099-12-31")
    sync.deliver()
    late = entry("alice", "world", "9.00", referenceId="scb-late",
                 timestampUtc=datetime.now(UTC).isoformat())  # fmt: skip
    bank.entries["scb-late"] = late
    assert sync.compare()["known"] == 1
    back = entry("alice", "world", "9.00", referenceId="scb-back",
                 timestampUtc="2020-01-20T00:00:00Z")  # fmt: skip
    bank.entries["scb-back"] = back
    with pytest.raises(DataFailure, match=r"scb-back \(missing here\)"):
        sync.compare()


@pytest.mark.parametrize("middle", ["", None, "zzz-beyond", 7])
def test_another_ledger_whose_middle_halves_nothing_is_not_compared_for_ever(
    books, bank, monkeypatch, middle
):
    sync = Sync(books)
    sync.deliver()
    # It says that it has more than it has, so that its middle is asked for.
    monkeypatch.setattr(
        dual_ledger._Comparison,
        "_sum_there",
        lambda *_: {"count": 500, "checksum": "1", "middle": middle},
    )
    with pytest.raises(OperationalFailure, match="halves nothing"):
        sync.compare()


def test_a_stranger_is_told_to_look_at_the_connection(books, bank):
    books.endpoints["scb"] = Endpoint(
        "scb", "http", "http://127.0.0.1", books.endpoints["scb"].port, None, "wrong", None,
        {"trueup_source": True},
    )  # fmt: skip
    with pytest.raises(Refused, match="login and password of the Airflow connection scb"):
        books.begin(**SYNC).audit()


@pytest.mark.parametrize(
    "params", [{"start_date": None}, {"sovereign_bank_id": ""}, {"end_date": "2019-01-01"}]
)
def test_what_is_to_be_synchronised_must_be_said(books, bank, params):
    with pytest.raises(Refused):
        books.begin(**SYNC | params)
