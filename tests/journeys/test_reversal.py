"""Taking a run back by reversing entries: balances as before, nothing gone, nothing twice."""

import pytest

from runs import entry, payments
from trueup import statements
from trueup.errors import RollbackRefused
from trueup.stages import roll_back


@pytest.fixture(autouse=True)
def world(books, monkeypatch):
    monkeypatch.setattr(roll_back, "_ENTRIES_PER_STEP", 4)
    books.open_world()


def completed(books, source=None, **params):
    attempt = books.begin(source or payments(10), **params)
    return attempt.to_reconciled().complete()


def legs(books) -> dict[str, str]:
    """What all entries together say of each account."""
    return dict(
        books.database.rows(
            "SELECT account_id, "
            "trim_scale(sum(CASE side WHEN 'debit' THEN amount ELSE -amount END))::TEXT "
            "FROM ledger_entry_legs GROUP BY account_id"
        )
    )


@pytest.mark.parametrize("regime", ["live", "initial"])
def test_every_entry_is_reversed_once_and_every_balance_is_as_before(books, regime):
    attempt = completed(books, regime=regime)
    done = attempt.roll_back(mode="reverse")

    assert done == {"reversed": 10, "proof": "equal"}
    assert set(books.balances().values()) == {"0"}
    assert set(legs(books).values()) == {"0"}
    assert books.disagreements() == []
    assert attempt.row.status == "rolled_back"
    assert "10 reversing entries were booked; trial balance equal" in attempt.row.message
    pairs = books.database.value(
        "SELECT count(*) FROM ledger_entries AS original JOIN ledger_entries AS reversal "
        "ON reversal.reverses = original.id AND reversal.reference_id = 'REVERSAL-' || original.id "
        "AND reversal.debit_account_id = original.credit_account_id "
        "AND reversal.credit_account_id = original.debit_account_id "
        "AND reversal.amount = original.amount"
    )
    assert pairs == 10


def test_an_interrupted_run_can_be_reversed_too(books):
    attempt = books.begin(payments(10), batch_size=3).to_posting()
    attempt.post_one_batch()
    done = attempt.roll_back(mode="reverse")
    assert done["reversed"] == 3
    assert set(books.balances().values()) == {"0"}


def test_repeated_it_goes_on_where_it_was_killed(books, monkeypatch):
    attempt = completed(books)
    monkeypatch.setattr(roll_back, "_reverse_entries", one_step_and_die)
    with pytest.raises(KeyboardInterrupt):
        attempt.roll_back(mode="reverse")
    monkeypatch.undo()
    assert len(books.references()) == 14
    assert attempt.roll_back(mode="reverse") == {"reversed": 10, "proof": "equal"}
    assert attempt.roll_back(mode="reverse")["reversed"] == 10
    assert len(books.references()) == 20


def one_step_and_die(connection, run):
    with connection.transaction():
        connection.execute(
            "SELECT reverse_ledger_entries(%s, %s, 4)", [run.run_id, run.row.high_water_entry_id]
        )
    raise KeyboardInterrupt


def test_what_others_posted_meanwhile_stays_theirs(books):
    attempt = completed(books)
    books.post_live("bob", "world", "5.00")
    assert attempt.roll_back(mode="reverse")["proof"] == "equal"
    assert books.balances()["bob"] == "5"


def test_what_others_have_spent_is_not_reversed_under_them(books):
    attempt = completed(books, [entry("alice", "world", "10.00")])
    books.post_live("bob", "alice", "8.00")
    with pytest.raises(RollbackRefused, match="have spent or reserved"):
        attempt.roll_back(mode="reverse")
    assert attempt.row.status == "completed"
    assert books.balances()["alice"] == "2"


def test_what_was_delivered_cannot_be_deleted_but_reversed_and_the_receiver_learns_of_it(books):
    attempt = completed(books, outbox=True)
    books.database.do("UPDATE dual_ledger_outbox SET status = 'ACKED'")
    with pytest.raises(RollbackRefused, match="with mode reverse"):
        attempt.roll_back()
    attempt.roll_back(mode="reverse")
    queued = books.database.value(
        "SELECT count(*) FROM dual_ledger_outbox WHERE status = 'QUEUED' "
        "AND reference_id LIKE 'REVERSAL-%%'"
    )
    assert queued == 10


@pytest.mark.parametrize("status", ["QUEUED", "FAILED"])
def test_what_may_have_arrived_cannot_be_deleted(books, status):
    attempt = completed(books, outbox=True)
    books.database.do(
        "UPDATE dual_ledger_outbox SET status = %s, attempts = 1 WHERE reference_id = 'pay-00003'",
        status,
    )
    with pytest.raises(RollbackRefused, match=r"1 outbox rows of run .* may have arrived"):
        attempt.roll_back()
    assert attempt.row.status == "completed"
    assert len(books.references()) == 10


def test_what_arrives_while_a_rollback_deletes_is_seen_by_its_next_step(books, monkeypatch):
    """The rows of every step are locked and looked at anew: a sender may have been at work."""
    attempt = completed(books, outbox=True)
    monkeypatch.setattr(roll_back, "_check_way_back", lambda *_: None)
    books.database.do("UPDATE dual_ledger_outbox SET attempts = 1 WHERE reference_id = 'pay-00003'")
    with pytest.raises(RollbackRefused, match=r"1 outbox rows of run .* may have arrived"):
        attempt.roll_back()
    assert "pay-00003" in books.references()


def test_what_was_refused_has_not_arrived_and_is_deleted(books):
    attempt = completed(books, outbox=True)
    refuse(books, "pay-00003")
    assert attempt.roll_back()["proof"] == "equal"
    assert books.references() == []


def test_the_receiver_learns_of_no_reversal_of_what_it_refused(books):
    attempt = completed(books, outbox=True)
    refuse(books, "pay-00003")
    assert attempt.roll_back(mode="reverse") == {"reversed": 10, "proof": "equal"}
    told = books.database.rows(
        "SELECT original.reference_id FROM dual_ledger_outbox AS outbox "
        "JOIN ledger_entries AS entry ON entry.id = outbox.entry_id "
        "JOIN ledger_entries AS original ON original.id = entry.reverses ORDER BY 1"
    )
    assert [row.reference_id for row in told] == [f"pay-{n:05}" for n in range(10) if n != 3]
    assert books.database.rows("SELECT * FROM missing_outbox") == []
    # Queued again and taken after all, it is not without a reversal unseen.
    books.database.do("UPDATE dual_ledger_outbox SET refused = FALSE, status = 'ACKED'")
    assert books.database.row("SELECT * FROM missing_outbox").reference_id.startswith("REVERSAL-")


def test_what_was_refused_before_the_outbox_could_say_so_is_known_by_its_answer(books):
    completed(books, payments(3), outbox=True)
    connection = books.database.connect()
    statements.execute_script(connection, "ledger/schema/0006_refusals.down")
    for reference, answer in (("pay-00000", 422), ("pay-00001", 401), ("pay-00002", 503)):
        books.database.do(
            "UPDATE dual_ledger_outbox SET status = 'FAILED', last_error = %s "
            "WHERE reference_id = %s",
            f"/v1/banks/central/entries answered {answer}. No.", reference,
        )  # fmt: skip
    statements.execute_script(connection, "ledger/schema/0006_refusals.up")
    refused = books.database.row("SELECT reference_id FROM dual_ledger_outbox WHERE refused")
    assert refused.reference_id == "pay-00000"


def refuse(books, reference):
    books.database.do(
        "UPDATE dual_ledger_outbox SET status = 'FAILED', attempts = 1, refused = TRUE "
        "WHERE reference_id = %s", reference,
    )  # fmt: skip


def test_what_is_half_reversed_cannot_be_deleted(books, monkeypatch):
    attempt = completed(books)
    monkeypatch.setattr(roll_back, "_reverse_entries", one_step_and_die)
    with pytest.raises(KeyboardInterrupt):
        attempt.roll_back(mode="reverse")
    with pytest.raises(RollbackRefused, match="reversed already"):
        attempt.roll_back(mode="delete")


@pytest.mark.parametrize("text", [False, True])
def test_reversed_originals_are_not_taken_for_replays(books, text):
    """Peers drop the originals, keep the reversals, or count both as posted: money vanishes."""
    fields = {"assetType": " fiat " if text else "fiat"}
    source = [each | fields for each in payments(3)]
    completed(books, source).roll_back(mode="reverse")
    run = books.backfill([*source, entry("bob", "world", "1.00")], max_quarantined="100 %")
    assert (run.total_posted, run.total_replayed, run.total_quarantined) == (1, 0, 3)
    assert set(books.reasons(run.run_id).values()) == {"reversed_entry"}


def test_an_entry_is_never_reversed_twice(books):
    completed(books).roll_back(mode="reverse")
    with pytest.raises(Exception, match="ledger_entries_reversed_once"):
        books.database.do(
            "UPDATE ledger_entries SET reverses = (SELECT max(reverses) FROM ledger_entries) "
            "WHERE reverses = (SELECT min(reverses) FROM ledger_entries)"
        )


def test_the_reversal_of_one_run_leaves_the_others_alone(books):
    completed(books, payments(4))
    second = completed(books, [entry("carol", "world", "7.00")])
    second.roll_back(mode="reverse")
    assert books.balances()["carol"] == "3.02"
    assert books.disagreements() == []
