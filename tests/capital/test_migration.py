"""The migration of the juntas: what it refuses, how it judges a history, and what it leaves."""

import juntas as hand
from runs import Attempt, Books
from trueup.stages import expect


def to_proved(attempt: Attempt, tmp_path) -> Attempt:
    """All that comes before the cutover, expectations among it."""
    attempt.to_posted().catch_up().check_balances().constrain().expect()
    expect.expect(attempt.connection, attempt.run(), attempt.database.conninfo, tmp_path)
    return attempt.reconcile()


def test_a_history_is_judged_by_the_rules_of_capital(books: Books):
    attempt = books.begin().to_validated()
    verdicts = attempt.row.figures["verdicts"]
    assert verdicts["read"] == verdicts["postable"]
    assert verdicts["movements"] == 600


def test_a_migration_goes_from_the_audit_to_the_cutover(books: Books, tmp_path):
    due = hand.total(hand.due(books.database))
    attempt = to_proved(books.begin(), tmp_path).cut_over().complete()
    assert attempt.row.status == "completed", attempt.row.message
    assert hand.stored(books.database) == due
    assert books.database.rows("SELECT * FROM verify_migration()") == []
