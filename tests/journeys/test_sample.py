"""The real sample: what is known of it must come out, to the cent."""

from runs import SAMPLE

FOUR_BREAKS = [
    ("collective:1945:USD", "21.06"),
    ("collective:407:USD", "0.02"),
    ("collective:83:USD", "0.02"),
    ("collective:207:USD", "-0.01"),
]


def test_the_sample_is_posted_whole_and_its_four_breaks_are_found(books):
    run = books.backfill(**SAMPLE, accept_breaks=4)

    assert run.status == "completed", run.message
    assert (run.total_read, run.total_posted) == (3783, 3783)
    assert (run.total_replayed, run.total_quarantined) == (0, 0)
    assert [(account, difference) for account, difference, _ in books.breaks(run.run_id)] == (
        FOUR_BREAKS
    )
    totals = {row["currency_code"]: row["run_amount"] for row in run.figures["trial_balance"]}
    assert totals == {"USD": "122850.16", "EUR": "16547.68"}


def test_a_second_run_of_the_sample_replays_every_entry_and_names_the_same_breaks(books):
    first = books.backfill(**SAMPLE, accept_breaks=4)
    before = books.state()
    second = books.backfill(**SAMPLE, accept_breaks=4)
    after = books.state()

    assert second.run_id != first.run_id
    assert (second.status, second.total_posted, second.total_replayed) == ("completed", 0, 3783)
    assert after["entries"] == before["entries"]
    assert after["balances"] == before["balances"]
    assert books.breaks(second.run_id) == books.breaks(first.run_id)


def test_with_three_breaks_accepted_the_sample_is_taken_back_without_a_trace(books):
    empty = books.state()
    run = books.backfill(**SAMPLE, accept_breaks=3)

    assert run.status == "rolled_back"
    assert run.state_hash_after == run.state_hash_before
    assert "4 balances break, 3 were accepted" in run.message
    after = books.state()
    assert [after[name] for name in ("entries", "balances", "outbox", "constraints")] == [
        empty[name] for name in ("entries", "balances", "outbox", "constraints")
    ]


def test_six_accounts_dip_below_zero_on_the_way_and_end_well(books):
    attempt = books.begin(**SAMPLE, accept_breaks=4, batch_size=50).to_posting()
    below: set[str] = set()
    while not attempt.post_one_batch().finished:
        below |= {
            row.id
            for row in books.database.rows(
                "SELECT id FROM bank_accounts WHERE available_balance < 0 AND NOT allow_overdraft"
            )
        }
    assert below
    attempt.constrain()
    assert not books.database.rows(
        "SELECT id FROM bank_accounts WHERE available_balance < 0 AND NOT allow_overdraft"
    )
