"""post_ledger_entry: one entry, both balances and its outbox row, under the rules of a backfill."""

import threading
import time

import psycopg
import pytest
from psycopg import errors

POST = "SELECT post_ledger_entry(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
PLAIN = {
    "ledger": "MASTER",
    "debit": "alice",
    "credit": "bob",
    "amount": "10.00",
    "currency": "USD",
    "asset": "fiat",
    "type": "TRANSFER",
    "reference": "r-1",
    "fx_rate": None,
    "metadata": None,
    "timestamp": None,
}


@pytest.fixture
def post(books):
    """Posts one entry in a session of its own; what is not named is plain and valid."""
    books.open_account("alice", balance="100")
    books.open_account("bob", balance="100")
    return lambda **fields: books.database.do(POST, *(PLAIN | fields).values())


def test_the_seeds_ten_arguments_with_its_casts_post_an_entry(books, post):
    books.database.do(
        "SELECT post_ledger_entry('MASTER'::TEXT, 'alice'::TEXT, 'bob'::TEXT, '10.00'::NUMERIC, "
        "'USD'::TEXT, 'fiat'::TEXT, 'TRANSFER'::TEXT, 'r-1'::TEXT, NULL::NUMERIC, "
        """'{"why": "a test"}'::JSONB)"""
    )
    assert books.balances() == {"alice": "110", "bob": "90"}
    entry = books.database.row("SELECT *, now() - timestamp_utc AS age FROM ledger_entries")
    assert (entry.amount, entry.metadata) == (10, {"why": "a test"})
    assert entry.age.total_seconds() < 60
    assert entry.run_id is None


def test_it_gives_the_new_entrys_id(books, post):
    given = books.database.value(POST, *PLAIN.values())
    # The witness read it in autocommit, so it stands.
    assert given == books.database.value("SELECT id FROM ledger_entries")


def test_available_balance_moves_with_the_balance_and_reserves_are_left_alone(books):
    books.open_account("alice", balance="100", reserved="30")
    books.open_account("bob", balance="100")
    books.post_live("alice", "bob", "10.00")
    alice = books.database.row("SELECT * FROM bank_accounts WHERE id = 'alice'")
    assert (alice.balance, alice.available_balance, alice.reserved_balance) == (110, 80, 30)


def test_a_reserve_is_not_money_to_spend(books):
    books.open_account("alice", balance="100", reserved="30")
    books.open_account("bob")
    with pytest.raises(errors.CheckViolation, match="insufficient_funds: alice would stand at -1"):
        books.post_live("bob", "alice", "71.00")


def test_an_effective_time_of_its_own_is_kept_apart_from_the_recorded_one(books, post):
    post(timestamp="2001-02-03T04:05:06+01:00")
    entry = books.database.row("SELECT timestamp_utc, recorded_at FROM ledger_entries")
    assert entry.timestamp_utc.isoformat() == "2001-02-03T03:05:06+00:00"
    assert entry.recorded_at.year > 2001


def test_a_duplicate_reference_is_sqlstate_23505_and_moves_nothing(books, post):
    post()
    before = books.state()
    with pytest.raises(errors.UniqueViolation) as refused:
        post(amount="99.00")
    assert refused.value.sqlstate == "23505"
    assert books.state() == before


def test_the_same_reference_in_another_ledger_is_another_entry(books, post):
    post()
    post(ledger="SOVEREIGN")
    assert books.balances() == {"alice": "120", "bob": "80"}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"amount": "0"}, "invalid_amount: 0 "),
        ({"amount": "-1.00"}, "invalid_amount: -1.00"),
        ({"amount": "NaN"}, "invalid_amount: NaN"),
        ({"amount": "Infinity"}, "invalid_amount: Infinity"),
        ({"amount": None}, "missing_field"),
        ({"amount": "1.001"}, r"excess_precision: 1.001 has more decimals than USD has \(2\)"),
        ({"amount": "1.5", "currency": "JPY"}, "excess_precision"),
        ({"amount": "1.0001", "currency": "BHD"}, "excess_precision"),
        ({"amount": "1.123456789", "currency": "XAU"}, r"excess_precision.*\(8\)"),
        ({"currency": "XYZ"}, "unknown_currency: XYZ"),
        ({"currency": "usd"}, "unknown_currency: usd"),
        ({"currency": None}, "unknown_currency"),
        ({"currency": "DEM"}, "unknown_currency: DEM was withdrawn on"),
        ({"currency": "EUR"}, "currency_mismatch: alice and bob are not both kept in EUR"),
        ({"debit": "bob"}, "same_account: debit and credit are both bob"),
        ({"debit": None}, "missing_field"),
        ({"reference": None}, "missing_field"),
        ({"type": None}, "missing_field"),
        ({"ledger": None}, "missing_field"),
        ({"reference": "x" * 256}, "field_too_long"),
        ({"asset": "gold"}, "invalid_asset_type: gold"),
        ({"fx_rate": "0"}, "invalid_fx_rate"),
        ({"fx_rate": "-1"}, "invalid_fx_rate"),
        ({"fx_rate": "NaN"}, "invalid_fx_rate"),
        ({"metadata": "[1, 2]"}, "invalid_metadata"),
        ({"metadata": '"text"'}, "invalid_metadata"),
        ({"timestamp": "infinity"}, "invalid_timestamp"),
        ({"amount": "100.01"}, "insufficient_funds: bob would stand at -0.01"),
    ],
)
def test_what_a_backfill_would_quarantine_is_refused_under_the_same_name(
    books, post, fields, sentence
):
    before = books.state()
    with pytest.raises(errors.CheckViolation, match=sentence):
        post(**fields)
    assert books.state() == before


def test_an_account_that_nobody_knows_is_refused(books, post):
    with pytest.raises(errors.ForeignKeyViolation, match=r"nobody|account_exists"):
        post(debit="nobody")
    assert books.references() == []


def test_a_withdrawn_currency_was_money_while_it_lasted(books):
    for account in ("hans", "grete"):
        books.open_account(account, currency="DEM", overdraft=True)
    books.database.do(
        POST, "MASTER", "hans", "grete", "5.00", "DEM", "fiat", "T", "old", None, None, "1999-12-31"
    )
    assert books.balances() == {"grete": "-5", "hans": "5"}


def test_an_account_that_may_overdraw_may(books):
    books.open_account("alice")
    books.open_account("world", overdraft=True)
    books.post_live("alice", "world", "1000000.00")
    assert books.balances() == {"alice": "1000000", "world": "-1000000"}


def test_a_posting_that_raises_an_account_from_below_zero_is_welcome(books):
    books.open_account("alice", balance="-50")
    books.open_account("world", overdraft=True)
    books.post_live("alice", "world", "20.00")
    assert books.balances()["alice"] == "-30"


def test_a_credit_normal_account_is_kept_on_its_own_side(books):
    books.open_account("cash", overdraft=True)
    books.open_account("deposit", side="credit")
    books.post_live("cash", "deposit", "30.00")
    assert books.balances() == {"cash": "30", "deposit": "30"}
    books.post_live("deposit", "cash", "10.00")
    assert books.balances() == {"cash": "20", "deposit": "20"}
    with pytest.raises(errors.CheckViolation, match="insufficient_funds: deposit would stand at"):
        books.post_live("deposit", "cash", "20.01")


def test_outbox_rows_are_written_only_where_the_setting_is_on(books, post):
    post()
    assert books.state()["outbox"] == []
    with books.database.admin() as session:
        session.execute("SET trueup.outbox = 'on'")
        session.execute(POST, list((PLAIN | {"reference": "r-2"}).values()))
    assert books.state()["outbox"] == [("r-2", "QUEUED")]


def test_a_nineteen_digit_amount_is_exact(books):
    books.open_world("alice")
    books.post_live("alice", "world", "9007199254740993.01")
    books.post_live("alice", "world", "1234567890123456789.00")
    assert books.balances()["alice"] == "1243575089378197782.01"


def test_nothing_of_a_refused_entry_is_left_even_inside_a_transaction(books, post):
    with books.database.admin() as session, session.transaction():
        with pytest.raises(errors.CheckViolation), session.transaction():
            session.execute(POST, list((PLAIN | {"amount": "1000.00"}).values()))
        session.execute(POST, list((PLAIN | {"reference": "r-2"}).values()))
    assert books.references() == ["r-2"]
    assert books.disagreements({"alice": "100", "bob": "100"}) == []


def test_two_who_post_on_the_same_accounts_in_opposite_order_never_deadlock(books):
    for account in ("a", "b", "c"):
        books.open_account(account, balance="1000000")
    ends = time.monotonic() + 2
    posted = [0] * 4
    failures: list[psycopg.Error] = []

    def hammer(number: int, pairs: list[tuple[str, str]]) -> None:
        with psycopg.connect(books.database.conninfo, autocommit=True) as session:
            while time.monotonic() < ends and not failures:
                debit, credit = pairs[posted[number] % len(pairs)]
                fields = {
                    "debit": debit,
                    "credit": credit,
                    "amount": "1.00",
                    "reference": f"{number}-{posted[number]}",
                }
                try:
                    session.execute(POST, list((PLAIN | fields).values()))
                except psycopg.Error as error:
                    failures.append(error)
                posted[number] += 1

    pairs = [("a", "b"), ("b", "c"), ("c", "a")]
    back = [(credit, debit) for debit, credit in pairs]
    threads = [
        threading.Thread(target=hammer, args=(number, back if number % 2 else pairs))
        for number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert min(posted) > 10
    assert len(books.references()) == sum(posted)
    assert books.disagreements(dict.fromkeys(("a", "b", "c"), "1000000")) == []


def test_two_at_once_cannot_spend_the_same_money(books):
    """The second waits for the first, then sees what is left."""
    books.open_account("alice", balance="100")
    books.open_account("bob")
    first, second = books.database.admin(), books.database.admin()
    spend = (PLAIN | {"debit": "bob", "credit": "alice", "amount": "60.00"}).values()
    refused: list[psycopg.Error] = []

    def try_the_second() -> None:
        try:
            second.execute(POST, ["MASTER", "bob", "alice", "60.00", *list(PLAIN.values())[4:7],
                                  "r-2", None, None, None])  # fmt: skip
        except psycopg.Error as error:
            refused.append(error)

    first.execute("BEGIN")
    first.execute(POST, list(spend))
    waiting = threading.Thread(target=try_the_second)
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    first.execute("COMMIT")
    waiting.join()
    assert "insufficient_funds" in str(refused[0])
    assert books.balances() == {"alice": "40", "bob": "60"}
