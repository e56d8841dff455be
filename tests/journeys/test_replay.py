"""What a run left in quarantine comes in after its cause was mended, and only once."""

import pytest

from runs import entry, payments
from trueup import journal, opening
from trueup.errors import Refused
from trueup.plan import Plan


@pytest.fixture(autouse=True)
def world(books):
    books.open_world()


def replay(books, run_id: str, **params):
    with books.database.connect("control") as connection:
        run = journal.read_run(connection, run_id)
        return books.backfill(**(opening.params_to_replay(run, dry_run=False) | params))


def test_rows_come_in_when_their_account_has_been_opened(books):
    first = books.backfill(
        [*payments(3), entry("late", "world", "4.00"), entry(amount="x")], max_quarantined="2"
    )
    assert first.total_quarantined == 2
    books.open_account("late")

    second = replay(books, first.run_id, max_quarantined="1")
    assert (second.status, second.total_posted, second.total_quarantined) == ("completed", 1, 1)
    assert books.balances()["late"] == "4"
    third = replay(books, first.run_id, max_quarantined="1")
    assert (third.total_posted, third.total_replayed) == (0, 1)


def test_rows_without_references_keep_the_ones_that_were_made_for_them(books):
    source = [entry("late", "world", "4.00", referenceId=None) for _ in range(2)]
    first = books.backfill([*source, *payments(1)], max_quarantined="2")
    books.open_account("late")
    replay(books, first.run_id)
    assert replay(books, first.run_id).total_replayed == 2
    assert books.balances()["late"] == "8"


def test_all_may_be_quarantined_again_and_nothing_of_the_scb_is_sent_back(books):
    first = books.backfill([*payments(3), entry("late", "world", "4.00")], max_quarantined="1")
    assert replay(books, first.run_id).total_quarantined == 1
    plan = Plan(
        source="entries", source_type="SCB", source_connection="scb", outbox=True,
        sovereign_bank_id="central", start_date="2020-01-01", end_date="2020-01-31",
    )  # fmt: skip
    assert plan.model_copy(update={"source_type": "QUARANTINE"}).outbox_status == "ACKED"


def test_what_cannot_be_replayed_or_resumed_is_refused_in_words(books):
    clean = books.backfill(payments(2))
    with books.database.connect("control") as connection:
        run = journal.read_run(connection, clean.run_id)
    with pytest.raises(Refused, match="left nothing in quarantine"):
        opening.params_to_replay(run, dry_run=True)
    with pytest.raises(Refused, match="only a paused or interrupted run is resumed"):
        opening.params_to_resume(run)


def test_a_paused_run_is_resumed_by_its_own_params(books):
    attempt = books.begin(payments(9), batch_size=3, max_quarantined="5 %").to_posting()
    attempt.post_one_batch()
    with books.database.connect("control") as connection:
        opening.pause_run(connection, attempt.run_id)
        with pytest.raises(Refused, match="only a run that is posting can be paused"):
            opening.pause_run(connection, attempt.run_id)
        params = opening.params_to_resume(journal.read_run(connection, attempt.run_id))
    attempt.connection.close()
    books.wait_until_nobody_works()
    run = books.begin(**params).to_the_end()
    assert (run.run_id, run.status, run.total_posted) == (attempt.run_id, "completed", 9)
