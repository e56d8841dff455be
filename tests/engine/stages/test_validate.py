"""Verdicts: what is postable, what is replayed, what is quarantined, and when that is too much."""

import re

import pytest

from runs import entry, payments
from trueup.errors import OperationalFailure, Refused

ALICE_FROM_WORLD = ("alice", "world")


def without_reference(amount: str = "1.00", **fields):
    return entry(*ALICE_FROM_WORLD, amount, referenceId=None, **fields)


@pytest.fixture(autouse=True)
def world(books):
    books.open_world()


# Replay, conflict, duplicates


def test_the_same_row_twice_in_a_source_is_posted_once_and_replayed_once(books):
    row = entry(referenceId="twice")
    run = books.backfill([row, row])
    assert (run.total_posted, run.total_replayed) == (1, 1)
    assert books.balances()["alice"] == "1"


def test_a_replay_is_known_by_its_content_however_it_is_written(books):
    books.backfill([entry(amount="5.50", referenceId="r", metadata='{"a": 1, "b": 2}', fxRate="2")])
    run = books.backfill(
        [
            entry(
                amount="0005.5000", referenceId="r", metadata='{ "b":2,"a":1 }', fxRate="2.0",
                currencyCode="usd", assetType="FIAT", timestampUtc="2020-01-01T01:00:00+01:00",
            )
        ]
    )  # fmt: skip
    assert (run.status, run.total_posted, run.total_replayed) == ("completed", 0, 1)


@pytest.mark.parametrize(
    "other",
    [
        {"amount": "5.01"},
        {"debit": "bob"},
        {"transactionType": "FEE"},
        {"assetType": "cbdc"},
        {"timestampUtc": "2020-01-01T00:00:01Z"},
        {"timestampUtc": None},
        {"fxRate": "1.1"},
        {"metadata": '{"a": 1}'},
    ],
)
def test_any_difference_in_content_is_a_conflict_and_never_a_replay(books, other):
    books.backfill([entry(amount="5.00", referenceId="r")])
    before = books.state()
    run = books.backfill(
        [entry(**({"amount": "5.00", "referenceId": "r"} | other)), *payments(1)],
        max_quarantined="1",
    )
    assert books.reasons(run.run_id) == {2: "conflicting_duplicate"}
    assert before["entries"][0] in books.state()["entries"]


def test_all_rows_of_a_disputed_key_are_quarantined_not_all_but_the_first(books):
    rows = [entry(amount=f"{n}.00", referenceId="disputed") for n in (1, 2, 1)]
    run = books.backfill([*rows, *payments(1)], max_quarantined="3")
    assert books.reasons(run.run_id) == dict.fromkeys((2, 3, 4), "conflicting_duplicate")
    assert books.references() == ["pay-00000"]


def test_a_missing_time_is_filled_in_and_still_a_replay_tomorrow(books):
    row = entry(referenceId="r", timestampUtc=None)
    books.backfill([row])
    run = books.backfill([row])
    assert (run.total_posted, run.total_replayed) == (0, 1)


def test_a_reference_that_a_live_session_posted_with_the_same_content_is_a_replay(books):
    books.post_live("alice", "world", "1.00", "r")
    run = books.backfill([entry(referenceId="r", transactionType="LIVE", timestampUtc=None)])
    assert (run.total_posted, run.total_replayed) == (0, 1)


def test_the_same_reference_in_two_ledgers_is_two_entries(books):
    run = books.backfill(
        [entry(referenceId="r"), entry(referenceId="r", ledgerId="SOVEREIGN", amount="2.00")]
    )
    assert (run.total_posted, run.total_quarantined) == (2, 0)


def test_duplicates_are_quarantined_where_they_are_not_to_be_skipped(books):
    books.backfill(payments(1))
    once = entry(referenceId="once")
    run = books.backfill(
        [*payments(1), once, once, *payments(3)[1:]], skip_duplicates=False, max_quarantined="2"
    )
    assert (run.status, run.total_posted, run.total_replayed) == ("completed", 3, 0)
    assert books.reasons(run.run_id) == dict.fromkeys((2, 4), "duplicate_reference")
    reasons = [
        row.reason for row in books.database.rows("SELECT reason FROM trueup.quarantine ORDER BY 1")
    ]
    assert reasons == [
        "Reference once stood in this source before; skip_duplicates is off.",
        "Reference pay-00000 was posted before; skip_duplicates is off.",
    ]


# Generated references


def test_two_equal_rows_without_a_reference_are_two_entries(books):
    run = books.backfill([without_reference(), without_reference()])
    assert run.total_posted == 2
    assert books.balances()["alice"] == "2"
    assert len(set(books.references())) == 2


def test_a_generated_reference_begins_with_the_prefix_and_is_the_same_again(books):
    source = [without_reference(), without_reference(), without_reference("2.00")]
    books.backfill(source, prefix="OLD-")
    first = books.references()
    assert all(re.fullmatch("OLD-[0-9a-f]{32}", reference) for reference in first)
    run = books.backfill(source, prefix="OLD-")
    assert (run.total_posted, run.total_replayed) == (0, 3)
    assert books.references() == first


def test_the_order_of_rows_does_not_change_their_generated_references(books):
    rows = [without_reference(f"{n}.00") for n in (1, 2, 3)]
    books.backfill(rows)
    run = books.backfill(rows[::-1], confirm_overlap=True)
    assert (run.total_posted, run.total_replayed) == (0, 3)


def test_two_sources_do_not_share_generated_references(books):
    books.backfill([without_reference()], source_id="bank A")
    run = books.backfill([without_reference()], source_id="bank B")
    assert run.total_posted == 1


def test_a_quarantined_row_has_the_reference_under_which_it_can_come_again(books):
    rows = [without_reference("1e3"), without_reference("1e3"), *payments(1)]
    run = books.backfill(rows, max_quarantined="2")
    given = [
        row.fields["referenceId"]
        for row in books.database.rows("SELECT fields FROM trueup.quarantine ORDER BY position")
    ]
    assert len(set(given)) == 2
    mended = [entry(amount="1000", referenceId=reference) for reference in given]
    again = books.backfill(books.write_entries(mended, "mended.csv"))
    assert (run.total_posted, again.total_posted) == (1, 2)
    assert set(given) < set(books.references())


def test_a_row_with_an_unknown_account_keeps_the_reference_that_its_content_has(books):
    stranger = entry("dave", "world", referenceId=None)
    first = books.backfill([stranger, *payments(1)], max_quarantined="1")
    kept = books.database.value(
        "SELECT fields ->> 'referenceId' FROM trueup.quarantine WHERE run_id = %s", first.run_id
    )
    books.open_account("dave")
    books.backfill([stranger, *payments(1)])
    assert kept in books.references()


# Overlapping deliveries


def test_a_delivery_that_overlaps_an_earlier_one_is_refused_in_words(books):
    books.backfill([without_reference(), without_reference("2.00")])
    before = books.state()
    run = books.backfill([without_reference("2.00"), without_reference("3.00")])
    assert run.status == "refused"
    assert "1 rows without a reference were posted from an earlier, different" in run.message
    assert "confirm_overlap" in run.message
    assert books.state()["entries"] == before["entries"]


def test_a_confirmed_overlap_replays_what_stands_and_posts_the_rest(books):
    books.backfill([without_reference(), without_reference("2.00")])
    run = books.backfill(
        [without_reference("2.00"), without_reference("3.00")], confirm_overlap=True
    )
    assert (run.status, run.total_posted, run.total_replayed) == ("completed", 1, 1)


def test_the_very_same_delivery_is_no_overlap(books):
    books.backfill([without_reference()])
    assert books.backfill([without_reference()]).status == "completed"


def test_an_overlap_in_rows_with_references_of_their_own_is_a_plain_replay(books):
    books.backfill(payments(2))
    run = books.backfill(payments(4))
    assert (run.status, run.total_posted, run.total_replayed) == ("completed", 2, 2)


def test_new_rows_without_references_after_a_mended_quarantine_are_refused_in_words(books):
    """The delivery may hold the mended rows once more, and nothing could tell."""
    first = books.backfill([without_reference("1e3"), *payments(1)], max_quarantined="1")
    given = books.database.value("SELECT fields ->> 'referenceId' FROM trueup.quarantine")
    books.backfill(books.write_entries([entry(amount="1000", referenceId=given)], "mended.csv"))
    run = books.backfill([without_reference("1000"), *payments(1)])
    assert (first.status, run.status) == ("completed", "refused")
    assert "1 rows of earlier deliveries of entries.csv were mended in quarantine" in run.message
    assert books.backfill([*payments(2)]).status == "completed"


@pytest.mark.parametrize(
    "first", [{"amount": "2.00"}, {"amount": "1.00"}], ids=["conflict", "duplicate"]
)
def test_a_quarantined_double_of_what_stood_before_is_nothing_that_was_mended(books, first):
    books.backfill([entry(amount="1.00", referenceId="old")], source_id="other")
    books.backfill(
        [entry(referenceId="old", **first), *payments(1)],
        skip_duplicates=False,
        max_quarantined="1",
    )
    run = books.backfill([without_reference("5.00")])
    assert run.status == "completed", run.message


# Quotas


@pytest.mark.parametrize(
    ("quota", "status"),
    [("1 %", "refused"), ("1", "refused"), ("2", "completed"), ("10%", "completed")],
)
def test_more_quarantined_rows_than_allowed_stop_the_run_before_its_first_posting(
    books, quota, status
):
    bad = [entry(amount="x"), entry(amount="y")]
    run = books.backfill([*bad, *payments(18)], max_quarantined=quota)
    assert run.status == status
    if status == "refused":
        assert run.message.startswith(
            "2 of 20 rows are quarantined (2 for invalid_amount, first on line 2); "
            f"max_quarantined allows {'1 %' if '%' in quota else '1 rows'}."
        )
        assert books.references() == []
        assert (run.total_read, run.total_posted, run.total_quarantined) == (20, 0, 2)


@pytest.mark.parametrize("quota", ["100 %", "1000"])
def test_a_wrong_mapping_never_ends_green(books, quota):
    run = books.backfill([entry("x", "y"), entry("y", "x")], max_quarantined=quota)
    assert run.status == "refused"
    assert "None of 2 rows can be posted (2 for unknown_account" in run.message


def test_a_source_that_is_all_replay_is_a_completed_run(books):
    books.backfill(payments(3))
    assert books.backfill(payments(3)).status == "completed"


def test_a_refused_run_leaves_no_staging_behind(books):
    books.backfill([entry("x", "y")])
    assert books.database.value(
        "SELECT count(*) FROM pg_inherits WHERE inhparent = 'trueup.staged_entries'::REGCLASS"
    ) == 0  # fmt: skip


# A part of the source


def test_a_limit_takes_the_first_rows_and_no_more(books):
    run = books.backfill(payments(10), limit=3)
    assert (run.total_to_process, run.total_read, run.total_posted) == (3, 3, 3)
    assert books.references() == ["pay-00000", "pay-00001", "pay-00002"]


def dated(*times: str | None):
    return [
        entry(referenceId=f"at-{number}", timestampUtc=time) for number, time in enumerate(times)
    ]


def test_a_window_of_time_takes_what_lies_in_it_its_edges_included(books):
    source = dated("2019-12-31T23:59:59Z", "2020-01-01", "2020-06-30", "2020-12-31", "2021-01-01")
    run = books.backfill(source, not_before="2020-01-01", not_after="2020-12-31")
    assert books.references() == ["at-1", "at-2", "at-3"]
    assert (run.total_to_process, run.total_read, run.left_out) == (3, 3, 2)


def test_an_open_window_has_one_edge(books):
    books.backfill(dated("2019-01-01", "2020-01-01"), not_after="2019-06-01")
    assert books.references() == ["at-0"]


def test_rows_whose_time_does_not_exist_are_judged_not_left_out(books):
    """A row that is left out is not in quarantine: only a time that is one may decide that."""
    source = dated(
        "2019-01-01", "2020-02-30", "tomorrow", "2020-01-01 BC", "99999-01-01", None, "2020-03-01"
    )
    run = books.backfill(source, not_before="2020-01-01", max_quarantined="9")
    assert books.references() == ["at-5", "at-6"]
    assert books.reasons(run.run_id) == dict.fromkeys((3, 4, 5, 6), "invalid_timestamp")
    assert (run.left_out, run.total_read) == (1, 6)


def test_a_window_that_leaves_nothing_is_refused(books):
    run = books.backfill(dated("2019-01-01"), not_before="2020-01-01")
    assert run.status == "refused"
    assert "None of 0 rows can be posted" in run.message


def test_a_window_is_counted_once_however_often_the_rows_are_judged(books):
    source = books.write_entries(dated("2019-01-01", "2020-01-01"))
    attempt = books.begin(source, not_before="2020-01-01").to_validated()
    attempt.validate().die()
    run = books.resume(not_before="2020-01-01")
    assert (run.status, run.left_out, run.total_read) == ("completed", 1, 1)


# The digest


def digest_of(books, source, **params):
    return books.backfill(source, dry_run=True, **params).digest


def test_a_run_posts_exactly_the_digest_that_was_approved(books):
    digest = digest_of(books, payments(5))
    run = books.backfill("entries.csv", approved_digest=digest)
    assert (run.status, run.digest) == ("completed", digest)


def test_another_digest_than_the_approved_one_is_refused(books):
    digest = digest_of(books, payments(5))
    run = books.backfill(payments(6), approved_digest=digest)
    assert run.status == "refused"
    assert f"{digest} was approved" in run.message
    assert books.references() == []


def test_the_digest_does_not_move_with_a_live_ledger(books):
    source = [*payments(5), entry(referenceId="early"), entry(amount="x"), without_reference()]
    digest = digest_of(books, source, max_quarantined="9")
    books.post_live("alice", "world", "3.00")
    books.post_live("alice", "world", "1.00", "early-bird")
    books.backfill(payments(2), source_id="another")
    assert digest_of(books, source, max_quarantined="9") == digest


@pytest.mark.parametrize(
    "other",
    [
        {"source": [*payments(2)[::-1], entry("alice", "nobody", referenceId="x")]},
        {"source": [*payments(3), entry("alice", "nobody", referenceId="x")]},
        {"prefix": "OTHER-"},
        {"ledger_id": "OTHER"},
        {"mapping": "mapping.yaml"},
        {"accounts": "accounts.csv"},
    ],
)
def test_the_digest_moves_with_everything_that_decides_what_is_posted(books, other):
    books.write("mapping.yaml", "constants: {assetType: cbdc}")
    books.write("accounts.csv", "id,currency_code\nnobody,USD\n")
    source = [
        *payments(2, ["alice"]),
        entry("alice", "nobody", referenceId="x"),
        entry(ledgerId=None, referenceId=None),
    ]
    params = {"max_quarantined": "9", "source_id": "one"}
    digest = digest_of(books, source, **params)
    other = {"source": source} | other
    assert digest_of(books, **(params | other)) != digest


def test_the_control_totals_and_the_trial_balance_are_those_that_posting_leaves(books):
    books.open_account("deposit", side="credit")
    source = [*payments(6), entry("alice", "deposit", "5.00"), entry(amount="bad")]
    shown = books.backfill(source, dry_run=True, max_quarantined="9").figures["totals"]
    posted = books.backfill("entries.csv", max_quarantined="9")
    assert shown == [
        {
            "currency_code": "USD",
            "entries": 7,
            "amount": "26.15",
            "debit_balances": "26.15",
            "credit_balances": "26.15",
            "difference": "0.00",
        }
    ]
    assert posted.figures["trial_balance"][0]["run_amount"] == "26.15"


def test_accounts_that_would_end_below_zero_are_named_beforehand(books):
    run = books.backfill([entry("bob", "alice", "5.00")], dry_run=True)
    assert run.figures["would_overdraw"] == [
        {"account_id": "alice", "currency_code": "USD", "balance": "-5.00"}
    ]


# Staging that a crash has emptied


def test_verdicts_are_not_formed_over_a_staging_that_was_lost(books):
    attempt = books.begin(payments(3)).audit().ingest()
    books.database.do("TRUNCATE trueup.staged_entries, trueup.prepared_entries")
    with pytest.raises(OperationalFailure, match=r"staging of run .* is empty"):
        attempt.validate()
    attempt.die()
    assert books.resume().total_posted == 3


def test_what_the_run_itself_has_posted_is_no_duplicate_when_lost_verdicts_are_formed_again(books):
    """With skip_duplicates off, a crash in mid-run must not quarantine the run's own entries."""
    params = {"skip_duplicates": False, "batch_size": 2}
    attempt = books.begin(payments(6), **params).to_posting()
    attempt.post_one_batch()
    attempt.die()
    books.database.do("TRUNCATE trueup.staged_entries, trueup.prepared_entries")
    run = books.resume(**params)
    assert (run.status, run.total_posted, run.total_quarantined) == ("completed", 6, 0)
    assert books.reasons(run.run_id) == {}


def test_a_window_is_counted_once_when_the_source_has_to_be_read_again(books):
    params = {"not_before": "2020-01-01", "batch_size": 1}
    source = books.write_entries(dated("2019-01-01", "2020-01-01", "2020-01-02"))
    attempt = books.begin(source, **params).to_posting()
    attempt.post_one_batch()
    attempt.die()
    books.database.do("TRUNCATE trueup.staged_entries, trueup.prepared_entries")
    run = books.resume(**params)
    assert (run.status, run.left_out, run.total_read) == ("completed", 1, 2)


def test_a_second_look_at_the_verdicts_of_a_run_that_posts_changes_nothing(books):
    params = {"max_quarantined": "9", "batch_size": 1}
    attempt = books.begin([*payments(4), entry(amount="x")], **params).to_posting()
    attempt.post_one_batch()
    attempt.die()
    before = books.state()
    again = books.begin("entries.csv", **params).to_validated()
    assert {**books.state(), "runs": before["runs"]} == before
    again.open_posting().post().check_balances()


def test_a_refused_run_may_be_triggered_anew(books):
    with pytest.raises(Refused):
        books.begin("nowhere.csv")
    assert books.backfill([entry("x", "y")]).status == "refused"
    assert books.backfill(payments(1)).status == "completed"


@pytest.mark.parametrize("change", [{"prefix": "OTHER-"}, {"mapping": "mapping.yaml"}])
def test_the_same_rows_under_another_prefix_or_mapping_are_not_posted_once_more(books, change):
    books.write("mapping.yaml", "constants: {assetType: fiat}\n")
    rows = [without_reference("1.00")]
    books.backfill(rows)
    run = books.backfill(rows, **change)
    assert run.status == "refused"
    assert "references with another prefix or mapping" in run.message
    assert len(books.references()) == 1
