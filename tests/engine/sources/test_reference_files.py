"""Accounts to create, expected balances, and the table of currencies."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from trueup.errors import Refused
from trueup.sources.reference_files import (
    AccountRow,
    Currency,
    ExpectedBalance,
    read_accounts,
    read_currencies,
    read_expected_balances,
)

SAMPLES = Path(__file__).resolve().parents[3] / "include" / "samples" / "opencollective"


@pytest.fixture
def file(tmp_path):
    def write(text: str | bytes) -> Path:
        path = tmp_path / "file.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def refusal(read, path) -> str:
    with pytest.raises(Refused) as refused:
        read(path)
    assert str(path) in str(refused.value)
    return str(refused.value)


# Accounts


def test_the_samples_accounts_are_read():
    accounts = read_accounts(SAMPLES / "bank_accounts.csv")
    assert len(accounts) == 163
    assert accounts[0] == AccountRow("collective:10756:USD", "USD", True, "debit")
    assert {account.currency_code for account in accounts} == {"USD", "EUR"}


def test_an_account_may_not_overdraw_and_is_debit_normal_unless_the_file_says_so(file):
    path = file("id,currency_code\na,USD\n")
    assert read_accounts(path) == [AccountRow("a", "USD", False, "debit")]
    path = file("normal_side;id;allow_overdraft;currency_code\ncredit;a;;USD\n;b;YES;EUR\n\n")
    assert read_accounts(path) == [
        AccountRow("a", "USD", False, "credit"), AccountRow("b", "EUR", True, "debit"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "truth"),
    [("true", True), ("1", True), ("Yes", True), ("false", False), ("0", False), ("NO", False)],
)
def test_truth_can_be_written_in_three_ways(file, text, truth):
    path = file(f"id,currency_code,allow_overdraft\na,USD,{text}\n")
    assert read_accounts(path)[0].allow_overdraft is truth


def test_lines_that_cannot_be_used_are_refused_with_their_numbers(file):
    text = "\ufeffid,currency_code,allow_overdraft,normal_side\n"
    text += "a,USD,,\n,USD,,\nb,US,,\nc,USD,maybe,\nd,USD,,left\na,USD,,\ne,USD\nf,,,\n"
    assert refusal(read_accounts, file(text)) == (
        f"{file(text)} cannot be used: "
        "line 3 has no id; "
        "line 4 has the currency 'US', which is not in ISO 4217; "
        "line 5 has 'maybe' as allow_overdraft; allowed are true, 1, yes, false, 0, no; "
        "line 6 has 'left' as normal_side; allowed are debit, credit; "
        "line 7 says the same as line 2; and 2 more."
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("id\na\n", "must name id, currency_code once each; it is 'id'"),
        ("id,id,currency_code\na,b,USD\n", "must name id, currency_code once each"),
        ("id,currency_code,allow_overdaft\n", "names 'allow_overdaft', which nothing reads"),
        (b"id,currency_code\n\xff,USD\n", "byte 0xFF in line 2"),
        ("id,currency_code\na\0,USD\n", "line 2 holds a NUL byte"),
        ('id,currency_code\n"a,USD\nb,USD\n', "line 2 opens a quote that is not closed"),
        ('"id"x,currency_code\n', "must name id"),
    ],
)
def test_an_accounts_file_that_cannot_be_read_is_refused(file, text, words):
    assert words in refusal(read_accounts, file(text))


def test_a_header_alone_is_no_accounts(file):
    assert read_accounts(file("id,currency_code\n")) == []


# Expected balances


def test_the_samples_balances_are_read():
    balances = read_expected_balances(SAMPLES / "expected_balances.csv")
    assert len(balances) == 157
    assert balances[0] == ExpectedBalance("collective:10756:USD", "USD", Decimal("-5000.00"), None)


def test_a_balance_is_exact(file):
    path = file("account_id,currency_code,expected_balance\na,USD,12345678901234567890.10\n")
    assert str(read_expected_balances(path)[0].expected_balance) == "12345678901234567890.10"


@pytest.mark.parametrize(
    ("text", "as_of"),
    [
        ("2017-12-31T23:00:00Z", datetime(2017, 12, 31, 23, tzinfo=UTC)),
        ("2017-12-31T23:00:00+02:00", datetime(2017, 12, 31, 21, tzinfo=UTC)),
        ("2017-12-31 23:00", datetime(2017, 12, 31, 23, tzinfo=UTC)),
        ("2017-12-31", datetime(2017, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("", None),
    ],
)
def test_as_of_is_aware_and_a_date_means_its_end(file, text, as_of):
    path = file(f"account_id,currency_code,expected_balance,as_of\na,USD,1,{text}\n")
    found = read_expected_balances(path)[0].as_of
    assert found == as_of
    assert found is None or found.utcoffset().total_seconds() == 0


@pytest.mark.parametrize(
    "text", ["1e3", "1,5", "NaN", "Infinity", "", "0x1", "١", "1.", ".5", "1_0"]
)
def test_a_balance_that_is_not_a_plain_decimal_is_refused(file, text):
    path = file(f'account_id,currency_code,expected_balance\na,USD,"{text}"\n')
    assert "line 2 has " in refusal(read_expected_balances, path)


@pytest.mark.parametrize(
    "text", ["2017-02-30", "yesterday", "20171231", "2017-W01", "0001-01-01T00:00+05:00"]
)
def test_an_as_of_that_does_not_exist_is_refused(file, text):
    path = file(f"account_id,currency_code,expected_balance,as_of\na,USD,1,{text}\n")
    assert "not an ISO 8601 time that exists" in refusal(read_expected_balances, path)


def test_an_account_has_one_expected_balance_at_one_time(file):
    header = "account_id,currency_code,expected_balance,as_of\n"
    path = file(f"{header}a,USD,1,2017-01-01\na,USD,2,2017-01-02\n")
    assert "line 3 says the same as line 2" in refusal(read_expected_balances, path)


# Currencies


@pytest.fixture(scope="module")
def currencies() -> dict[str, Currency]:
    return {currency.code: currency for currency in read_currencies()}


@pytest.mark.parametrize(
    ("code", "minor_unit"),
    [("USD", 2), ("EUR", 2), ("JPY", 0), ("BHD", 3), ("IQD", 3), ("CLF", 4), ("XAU", None)],
)
def test_a_currency_in_use_has_the_minor_unit_of_the_iso_table(currencies, code, minor_unit):
    assert currencies[code] == Currency(code, minor_unit, None)


@pytest.mark.parametrize(
    ("code", "withdrawn_on"),
    [
        ("DEM", date(2002, 3, 31)),
        ("ITL", date(2002, 3, 31)),
        ("HRK", date(2023, 1, 31)),  # two dates: the later
        ("FRF", date(2002, 3, 31)),
        ("DDM", date(1990, 9, 30)),  # 1990-07 to 1990-09
        ("GNE", date(1989, 12, 31)),
        ("ILR", date(1990, 12, 31)),
        ("ARY", date(1990, 12, 31)),
        ("PES", date(1986, 2, 28)),
    ],
)
def test_a_withdrawn_currency_ends_with_the_last_day_of_its_last_period(
    currencies, code, withdrawn_on
):
    assert currencies[code].withdrawn_on == withdrawn_on


@pytest.mark.parametrize("code", ["EUR", "TRY", "RON", "IDR", "PEN", "SZL", "SDG", "MWK"])
def test_a_code_that_any_country_uses_is_in_use(currencies, code):
    assert currencies[code].withdrawn_on is None
    assert currencies[code].minor_unit == 2


def test_every_code_is_there_once_and_in_order(currencies):
    codes = [currency.code for currency in read_currencies()]
    assert codes == sorted(set(codes))
    assert len(codes) == 307
    assert all(len(code) == 3 for code in codes)
