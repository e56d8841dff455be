"""What lies between two attempts: another ledger, another chance of the initial regime, a crash.

A crash of the database empties unlogged tables and nothing else; so do these tests.
"""

import pytest

from runs import Killed, entry, payments
from trueup import posting, regime
from trueup.errors import Refused
from trueup.sources import blocks

BATCHES = {"batch_size": 5, "max_quarantined": "9"}


@pytest.fixture(autouse=True)
def world(books, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 300)
    books.open_world()


def crash(books):
    """What a crash leaves of staging that is not logged."""
    books.database.do("TRUNCATE trueup.staged_entries, trueup.prepared_entries")


def with_unknown(number: int, position: int) -> list:
    """Payments of which one is on an account that nobody knows."""
    rows = payments(number)
    rows[position] |= {"debitAccountId": "dave"}
    return rows


# The regime


def test_a_run_staged_beside_others_posts_beside_others_when_they_have_gone(books, monkeypatch):
    monkeypatch.setattr(regime, "WORTHWHILE_BYTES", 0)
    somebody = books.database.admin()
    broke_off = books.begin(payments(20)).to_validated()
    broke_off.die()
    somebody.close()
    run = books.resume()
    assert (run.run_id, run.status, run.regime) == (broke_off.run_id, "completed", "live")
    assert run.total_posted == 20


@pytest.mark.parametrize("careful", [False, True])
def test_a_run_staged_for_bare_tables_is_refused_in_words_when_somebody_has_come(
    books, monkeypatch, careful
):
    monkeypatch.setattr(regime, "WORTHWHILE_BYTES", 0)
    rows = payments(20)
    if careful:
        rows[3] |= {"timestampUtc": "2020-01-01"}  # not plain, and staged as text
    attempt = books.begin(rows).to_validated()
    attempt.die()
    assert attempt.row.regime == "initial"
    somebody = books.database.admin()
    refused = books.resume()
    assert (refused.run_id, refused.status) == (attempt.run_id, "refused")
    assert "was to load an empty ledger alone" in refused.message
    assert books.references() == []
    again = books.resume()
    somebody.close()
    assert (again.status, again.regime, again.total_posted) == ("completed", "live", 20)


def test_one_that_was_killed_while_posting_was_opened_says_how_to_go_on(books, monkeypatch):
    def kill(*_):
        raise Killed

    attempt = books.begin(payments(20), regime="initial").to_validated()
    with monkeypatch.context() as patch:
        patch.setattr(posting, "_open_ranges", kill)
        with pytest.raises(Killed):
            attempt.open_posting()
    attempt.die()
    books.wait_until_nobody_works()
    somebody = books.database.admin()
    resumed = books.begin("entries.csv", regime="initial").to_validated()
    with pytest.raises(Refused, match="or take it back with the DAG `rollback`"):
        resumed.open_posting()
    assert resumed.roll_back()["proof"] == "equal"
    resumed.die()
    run = books.resume()
    somebody.close()
    assert (run.status, run.regime, run.total_posted) == ("completed", "live", 20)


# The verdicts


@pytest.mark.parametrize("chosen", ["live", "initial"])
@pytest.mark.parametrize("position", [2, 17])
def test_a_row_that_was_quarantined_stays_so_whatever_was_mended_before_the_crash(
    books, chosen, position
):
    """Before the checkpoint and behind it: posted is what was approved."""
    params = {**BATCHES, "regime": chosen}
    attempt = books.begin(with_unknown(20, position), **params).to_posting()
    attempt.post_one_batch()
    attempt.post_one_batch()
    attempt.die()
    settled = sum(row.read for row in books.database.rows("SELECT read FROM trueup.run_ranges"))
    assert 0 < settled < 20
    books.open_account("dave")
    crash(books)

    run = books.resume(**params)
    assert (run.run_id, run.status) == (attempt.run_id, "completed"), run.message
    assert (run.total_read, run.total_posted, run.total_quarantined) == (20, 19, 1)
    assert run.digest == attempt.row.digest
    assert books.reasons(run.run_id) == {position + 2: "unknown_account"}
    assert len(books.references()) == 19
    assert books.balances()["dave"] == "0"
    assert books.disagreements() == []


def test_a_second_resume_after_the_crash_finds_the_verdicts_and_keeps_them(books):
    attempt = books.begin(with_unknown(20, 2), **BATCHES).to_posting()
    attempt.post_one_batch()
    attempt.die()
    books.open_account("dave")
    crash(books)
    books.wait_until_nobody_works()
    books.begin("entries.csv", **BATCHES).to_validated().die()
    run = books.resume(**BATCHES)
    assert (run.status, run.total_posted, run.total_quarantined) == ("completed", 19, 1)
    assert books.disagreements() == []


def test_rows_without_references_and_repetitions_get_the_same_ones_after_a_crash(books):
    """Equal rows are told apart by their number, also when one of them is settled."""
    nameless = [entry(amount="2.00", referenceId=None) for _ in range(6)]
    twice = payments(4)
    rows = [*nameless[:3], *twice, entry(amount="x"), *nameless[3:], *twice]
    params = {**BATCHES, "batch_size": 4}
    attempt = books.begin(rows, **params).to_posting()
    attempt.post_one_batch()
    attempt.die()
    crash(books)
    run = books.resume(**params)
    assert (run.status, run.total_read) == ("completed", 15), run.message
    assert (run.total_posted, run.total_replayed, run.total_quarantined) == (10, 4, 1)
    assert len(set(books.references())) == 10
    assert books.disagreements() == []


def test_what_the_ledger_has_got_since_the_crash_is_met_by_posting_as_ever(books):
    """A key that somebody took for something else: quarantined by posting, no cause to stop."""
    attempt = books.begin(payments(20), **BATCHES).to_posting()
    attempt.post_one_batch()
    attempt.die()
    books.post_live("alice", "world", "999.00", "pay-00015")
    crash(books)
    run = books.resume(**BATCHES)
    assert (run.status, run.total_posted, run.total_quarantined) == ("completed", 19, 1)
    assert books.reasons(run.run_id) == {17: "conflicting_duplicate"}


# The approval


def test_the_digest_is_that_of_the_dry_run_while_balances_move(books):
    dry = books.backfill(payments(10), dry_run=True)
    books.post_live("alice", "world", "0.12")
    books.open_account("odd", "0.125")  # so that totals are shown with three decimals
    run = books.backfill("entries.csv", approved_digest=dry.digest)
    assert (run.status, run.digest) == ("completed", dry.digest)


# What is left behind


def test_a_refusal_says_why_though_somebody_is_staging_and_the_next_run_cleans_up(books):
    """A dry run's COPY holds the parents of all staging tables."""
    with books.database.admin() as dry_run, dry_run.transaction():
        dry_run.execute("LOCK TABLE trueup.staged_entries IN ROW EXCLUSIVE MODE")
        refused = books.backfill([entry(amount="x") for _ in range(5)])
    assert refused.status == "refused"
    assert "None of 5 rows can be posted" in refused.message
    left = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'trueup.staged_entries'::REGCLASS"
    assert books.database.value(left) == 1
    books.begin(payments(3)).to_validated()
    assert books.database.value(left) == 1
    assert books.database.value("SELECT count(*) FROM trueup.staged_entries") == 0
    ours = "SELECT count(DISTINCT run_id) FROM trueup.prepared_entries"
    assert books.database.value(ours) == 1


def test_an_account_on_which_others_hold_something_stays_after_a_rollback(books):
    books.write("accounts.csv", "id,currency_code,allow_overdraft\nheld,USD,true\nfree,USD,true\n")
    attempt = books.begin(
        [entry("held", "world", "5.00"), entry("free", "world", "7.00")], accounts="accounts.csv"
    ).to_posted()
    books.database.do(
        "UPDATE bank_accounts SET available_balance = available_balance - 3, reserved_balance = 3 "
        "WHERE id = 'held'"
    )
    done = attempt.roll_back()
    assert (done["kept_accounts"], done["proof"]) == (["held"], "equal")
    assert "free" not in books.balances()
    held = books.database.row(
        "SELECT balance::INT, available_balance::INT, reserved_balance::INT, backfill_run_id "
        "FROM bank_accounts WHERE id = 'held'"
    )
    assert tuple(held) == (0, -3, 3, None)
