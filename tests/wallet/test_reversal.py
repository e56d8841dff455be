"""Reversals: a new transaction with the mirrored entries, and what may not be reversed."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from coin_books import SYSTEM, CoinBooks
from databases import Database
from trueup import statements, wallet_reversal
from trueup.errors import Refused
from trueup.wallet_reversal import Leg

RULES = ("not_negative", "adds_up", "chained", "append_only", "closed_in_balance")


@pytest.fixture
def coins(wallets: Database) -> CoinBooks:
    """Three members with coins, and the journal's rules applied as a backfill applies them."""
    books = CoinBooks(wallets)
    books.system()
    for name, amount in (("ann", 1_000), ("bob", 250), ("cleo", 0)):
        books.member(name, amount)
    with books.connect() as connection:
        for rule in RULES:
            statements.execute_script(connection, f"wallet/constrain/add_{rule}")
    return books


def reverse(coins: CoinBooks, transaction: str, reason: str = "Booked in error", **asked):
    """Reverse in a session of its own."""
    with coins.connect() as connection:
        return wallet_reversal.reverse(connection, transaction, reason, **asked)


def test_a_reversal_books_the_mirrored_entries_and_moves_all_three_places_back(coins):
    before = coins.coins("ann"), coins.coins("bob"), coins.coins(SYSTEM)
    original = coins.post([("ann", -100), ("bob", 90), (SYSTEM, 10)])

    reversal = reverse(coins, original)

    assert (coins.coins("ann"), coins.coins("bob"), coins.coins(SYSTEM)) == before
    assert sorted(reversal.legs) == [
        Leg("ann", "credit", 100, 900, 1_000),
        Leg("bob", "debit", 90, 340, 250),
        Leg(SYSTEM, "debit", 10, -1_240, -1_250),
    ]
    row = coins.database.row(
        "SELECT * FROM coin_ledger_transactions WHERE id = %s", reversal.reversal_id
    )
    assert (row.type, row.status) == ("reversal", "closed")
    assert row.closed_at
    assert row.external_ref == f"reversal:{original}"
    assert row.context["reverses"] == original
    assert row.context["reason"] == "Booked in error"
    assert coins.check().is_clean


def test_what_was_reversed_stays_as_it_was_booked(coins):
    original = coins.post([("ann", -100), ("bob", 100)])
    read = (
        "SELECT md5(string_agg(booked::TEXT || entry::TEXT, '|' ORDER BY entry.id)) "
        "FROM coin_ledger_transactions AS booked JOIN coin_journal_entries AS entry "
        "ON entry.ledger_transaction_id = booked.id WHERE booked.id = %s"
    )
    before = coins.database.value(read, original)
    reverse(coins, original)
    assert coins.database.value(read, original) == before


def test_a_second_reversal_is_refused(coins):
    original = coins.post([("ann", -100), ("bob", 100)])
    first = reverse(coins, original)
    before = coins.digest()
    for asked in ({}, {"external_ref": "another"}):
        with pytest.raises(Refused, match=rf"already_reversed: .* by {first.reversal_id}"):
            reverse(coins, original, **asked)
    assert coins.digest() == before


def test_repeated_with_its_reference_it_gives_the_reversal_that_stands(coins):
    """A task that dies after its commit finds its work done."""
    original = coins.post([("ann", -100), ("bob", 100)])
    first = reverse(coins, original, external_ref="run-1")
    before = coins.digest()
    assert reverse(coins, original, external_ref="run-1") == first
    assert coins.digest() == before


def test_the_reference_of_another_transaction_is_refused(coins):
    original = coins.post([("ann", -100), ("bob", 100)])
    coins.post([("ann", -1), ("bob", 1)], external_ref="taken")
    with pytest.raises(Refused, match="used_reference"):
        reverse(coins, original, external_ref="taken")


def test_a_dry_run_shows_the_entries_and_changes_nothing(coins):
    original = coins.post([("ann", -100), ("bob", 100)])
    before = coins.digest()
    reversal = reverse(coins, original, dry_run=True)
    assert sorted(reversal.legs) == [
        Leg("ann", "credit", 100, 900, 1_000),
        Leg("bob", "debit", 100, 350, 250),
    ]
    assert wallet_reversal.lines(reversal)[0] == f"[DRY RUN] Would reverse {original}"
    assert coins.digest() == before


def test_a_wallet_that_has_spent_its_coins_is_not_taken_below_zero(coins):
    original = coins.post([("ann", -100), ("cleo", 100)])
    coins.post([("cleo", -30), ("bob", 30)])
    before = coins.digest()
    with pytest.raises(Refused, match=r"insufficient_coins: cleo has 70 coins to spend .* 100"):
        reverse(coins, original)
    assert coins.digest() == before


def test_coins_that_are_held_are_not_taken(coins):
    original = coins.post([("ann", -100), ("cleo", 100)])
    coins.database.do("UPDATE user_wallet SET available_balance = 10 WHERE user_id = 'cleo'")
    with pytest.raises(Refused, match="insufficient_coins: cleo has 10 coins to spend"):
        reverse(coins, original)


def test_coins_that_users_total_coins_no_longer_has_are_not_taken(coins):
    original = coins.post([("ann", -100), ("cleo", 100)])
    coins.database.do("UPDATE users SET total_coins = 99 WHERE id = 'cleo'")
    with pytest.raises(Refused, match=r"insufficient_coins: users\.total_coins of cleo is 99"):
        reverse(coins, original)


def test_trap_2_the_contra_account_may_go_below_zero(coins):
    """The system account gives back what it took, however far below zero it stands."""
    original = coins.post([("ann", -100), (SYSTEM, 100)], kind="spend")
    reverse(coins, original)
    assert coins.coins(SYSTEM) == (0, -1_250, -1_250)


def test_a_transaction_that_touches_a_wallet_twice_keeps_the_chain(coins):
    original = coins.post([("cleo", 50), ("cleo", -50), ("ann", -20), ("bob", 20), ("cleo", 7),
                           ("ann", -7)])  # fmt: skip
    reverse(coins, original)
    assert coins.coins("cleo") == (0, 0, 0)
    assert coins.check().is_clean


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ("UPDATE coin_ledger_transactions SET status = 'pending' WHERE id = %s", "not_closed"),
        ("UPDATE coin_ledger_transactions SET type = 'true_up' WHERE id = %s", "not_reversible"),
        (
            "UPDATE coin_ledger_transactions SET type = 'opening_balance' WHERE id = %s",
            "not_reversible",
        ),
    ],
)
def test_what_may_not_be_reversed_is_refused_in_words(coins, change, refusal):
    original = coins.post([("ann", -100), ("bob", 100)])
    coins.database.do(change, original)
    before = coins.digest()
    with pytest.raises(Refused, match=refusal):
        reverse(coins, original)
    assert coins.digest() == before


def test_a_transaction_with_one_leg_is_refused(wallets: Database):
    """One of the deployed kind, from before the rules; the backfill gives it its other leg."""
    books = CoinBooks(wallets)
    books.member("ann")
    with pytest.raises(Refused, match="unbalanced"):
        reverse(books, books.post([("ann", 40)]))


def test_a_wallet_off_its_journal_is_refused(coins):
    original = coins.post([("ann", -100), ("bob", 100)])
    coins.database.do("UPDATE user_wallet SET balance = balance + 1 WHERE user_id = 'bob'")
    with pytest.raises(Refused, match=r"off_journal: the wallet of bob holds 351 .* says 350"):
        reverse(coins, original)


def test_a_reversal_is_not_reversed(coins):
    reversal = reverse(coins, coins.post([("ann", -100), ("bob", 100)]))
    with pytest.raises(Refused, match="is a reversal itself"):
        reverse(coins, reversal.reversal_id)


def test_an_unknown_transaction_is_refused(coins):
    with pytest.raises(Refused, match="unknown_transaction: there is no transaction nothing"):
        reverse(coins, "nothing")


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_reversal_without_a_reason_is_refused(coins, reason):
    with pytest.raises(Refused, match="missing_reason"):
        reverse(coins, coins.post([("ann", -100), ("bob", 100)]), reason)


def test_of_two_reversals_at_once_one_is_refused(coins):
    original = coins.post([("ann", -100), ("bob", 100)])

    def attempt(number: int) -> str | None:
        try:
            return reverse(coins, original, external_ref=f"run-{number}").reversal_id
        except Refused:
            return None

    with ThreadPoolExecutor(4) as pool:
        booked = [each for each in pool.map(attempt, range(4)) if each]
    assert len(booked) == 1
    assert coins.coins("ann") == (1_000, 1_000, 1_000)


def test_reversals_that_cross_do_not_deadlock(coins):
    """Wallets are locked by id, whichever way the coins went."""
    there = [coins.post([("ann", -3), ("bob", 3)]) for _ in range(10)]
    back = [coins.post([("bob", -2), ("ann", 2)]) for _ in range(10)]
    crossed = [each for pair in zip(there, back, strict=True) for each in pair]
    with ThreadPoolExecutor(4) as pool:
        assert len(list(pool.map(lambda each: reverse(coins, each), crossed))) == 20
    assert coins.coins("ann") == (1_000, 1_000, 1_000)
    assert coins.coins("bob") == (250, 250, 250)
    assert coins.check().is_clean
