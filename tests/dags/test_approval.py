"""Whose approval counts: one that Airflow itself handed in, of the digest that was asked about."""

import pytest

from runs import payments
from trueup import journal, statements
from trueup.errors import OperationalFailure, Refused
from trueup.run_state import Status

ASKED_BY = "test"
BOB = {"id": "bob", "name": "bob"}
YES = {"chosen_options": ["Approve"], "responded_by_user": BOB}
NO = {"chosen_options": ["Reject"], "responded_by_user": BOB}


@pytest.fixture
def approval(airflow_home):
    """The module; it imports Airflow, whose folders are set by then."""
    from trueup.orchestration import approval

    return approval


@pytest.fixture
def parked(books, approval):
    """A run that waits for its approval, and whose question was asked."""
    books.open_world()
    attempt = books.begin(payments(3), approval="manual", dry_run=False).to_validated()
    approval.ask(attempt.connection, attempt.run(), ASKED_BY)
    attempt.move(Status.AWAITING_APPROVAL, "validate")
    return attempt


def changed_verdicts(attempt) -> None:
    """Have the run another digest, as a validation that was cleared may give it."""
    statements.execute(
        attempt.connection,
        "trueup/journal/save_verdicts",
        run_id=attempt.run_id,
        read=3,
        digest="0" * 64,
    )


def test_an_approval_is_kept_where_it_arrives_and_lets_the_run_go_on(parked, approval):
    approval.take(parked.connection, parked.run(), YES, ASKED_BY)
    assert (parked.row.approved_by, parked.row.approved_digest) == ("bob", parked.row.digest)
    approval.heed(parked.run(), YES)
    approval.heed(parked.run(), None)


def test_an_answer_that_one_task_hands_to_the_next_is_nobody_s_approval(parked, approval):
    with pytest.raises(OperationalFailure, match="Nobody has approved digest"):
        approval.heed(parked.run(), YES)
    assert parked.row.approved_by is None


def test_a_no_is_kept_by_none_and_refuses_the_run(parked, approval):
    approval.take(parked.connection, parked.run(), NO, ASKED_BY)
    assert parked.row.approved_by is None
    with pytest.raises(Refused, match="bob rejected digest"):
        approval.heed(parked.run(), NO)


def test_the_last_word_counts(parked, approval):
    """A worker may die after an approval was kept: then Airflow asks again."""
    approval.take(parked.connection, parked.run(), YES, ASKED_BY)
    with pytest.raises(Refused, match="bob rejected digest"):
        approval.heed(parked.run(), NO)
    approval.take(parked.connection, parked.run(), NO, ASKED_BY)
    assert (parked.row.approved_by, parked.row.approved_digest) == (None, None)
    events = statements.fetch_all(
        parked.connection, "trueup/journal/list_events", run_id=parked.run_id
    )
    assert events[-1].event == "bob's approval is void: bob said no."
    with pytest.raises(OperationalFailure, match="Nobody has approved digest"):
        approval.heed(parked.run(), YES)


def test_an_approval_of_verdicts_that_are_others_by_now_is_none(parked, approval):
    changed_verdicts(parked)
    with pytest.raises(OperationalFailure, match=r"approved what run .* has no longer"):
        approval.take(parked.connection, parked.run(), YES, ASKED_BY)
    assert parked.row.approved_by is None


def test_an_answer_to_an_earlier_dag_run_s_question_is_none(parked, approval):
    with pytest.raises(OperationalFailure, match="approved what run"):
        approval.take(parked.connection, parked.run(), YES, "an earlier one")


def test_a_run_that_waits_no_longer_takes_no_approval(parked, approval):
    parked.move(Status.INTERRUPTED, "approve")
    with pytest.raises(OperationalFailure, match="it is interrupted"):
        approval.take(parked.connection, parked.run(), YES, ASKED_BY)


def test_one_dag_run_asks_about_one_digest_for_airflow_shows_its_first_question(parked, approval):
    approval.ask(parked.connection, parked.run(), ASKED_BY)
    changed_verdicts(parked)
    with pytest.raises(OperationalFailure, match="Trigger the same again"):
        approval.ask(parked.connection, parked.run(), ASKED_BY)
    approval.ask(parked.connection, parked.run(), "another one")
    assert parked.row.figures["asked"] == {"airflow_run_id": "another one", "digest": "0" * 64}


@pytest.mark.parametrize(
    ("changed", "void"),
    [
        ({"accept_breaks": 7}, True),
        ({"tolerance": "0.01"}, True),
        ({"max_quarantined": "50 %"}, True),
        ({"validate_balances": False}, True),
        ({"four_eyes": False}, True),
        ({"batch_size": 7}, False),
        ({}, False),
    ],
)
def test_an_approval_is_void_under_limits_that_the_approver_was_not_shown(
    parked, approval, books, changed, void
):
    approval.take(parked.connection, parked.run(), YES, ASKED_BY)
    parked.die()
    again = books.begin("entries.csv", approval="manual", dry_run=False, **changed)
    assert again.run_id == parked.run_id
    assert again.row.approved_by == (None if void else "bob")
    told = [
        event.event
        for event in statements.fetch_all(
            again.connection, "trueup/journal/list_events", run_id=again.run_id
        )
        if "is void" in event.event
    ]
    assert told == ([f"bob's approval is void: {next(iter(changed))} changed."] if void else [])


def test_who_triggered_it_is_alone_and_somebody_else_is_not(parked, approval):
    (attempt,) = statements.fetch_all(
        parked.connection, "trueup/journal/list_attempts", run_id=parked.run_id
    )
    own = YES | {"responded_by_user": {"id": "7", "name": attempt.started_by}}
    assert approval._is_alone(parked.connection, parked.run(), own)
    assert not approval._is_alone(parked.connection, parked.run(), YES)
    assert journal.read_run(parked.connection, parked.run_id).plan.four_eyes
