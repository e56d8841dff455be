"""Two ledgers: entries taken and delivered, answers lost, rows refused, lies found by checksum."""

import pytest
from demo import scb_server
from demo.scb_server import Bank

from apis import served
from runs import entry
from trueup import dual_ledger
from trueup.errors import DataFailure, OperationalFailure, Refused, Transient
from trueup.sources import http
from trueup.sources.endpoints import Endpoint

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
    for _ in range(10):
        bank.fail_next = 1
        sync.deliver()
    assert outbox(books) == {"ACKED": 12, "FAILED": 1}


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
