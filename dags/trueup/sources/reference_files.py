"""The small files beside a source: accounts to create, expected balances, and ISO 4217.

They are written by hand and few lines long, so nothing in them is quarantined: a fault is refused
with its line.
"""

import calendar
import csv
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, TypeVar

from trueup.errors import Refused
from trueup.sources.columns import plain_name
from trueup.sources.csv import DELIMITERS
from trueup.sources.records import Malformed, RecordReader, printable, split_record
from trueup.sources.text import TextFile

ISO_4217 = Path(__file__).resolve().parents[3] / "include/reference/iso4217/codes-all.csv"

_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_DECIMAL = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?")
_ISO_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_FAULTS_SHOWN = 5

Row = TypeVar("Row")
Choice = TypeVar("Choice")


class AccountRow(NamedTuple):
    """An account to create; normal_side is debit or credit."""

    id: str
    currency_code: str
    allow_overdraft: bool
    normal_side: str


class ExpectedBalance(NamedTuple):
    """What an account's balance should be; as_of is aware, in UTC, or None for the whole source."""

    account_id: str
    currency_code: str
    expected_balance: Decimal
    as_of: datetime | None


class Currency(NamedTuple):
    """A code of ISO 4217.

    minor_unit: decimals, None where ISO gives none (metals, withdrawn codes)
    withdrawn_on: the last day it could be used, None while any country uses it
    """

    code: str
    minor_unit: int | None
    withdrawn_on: date | None


class _Fault(Exception):
    """What is wrong with one line, in words."""


def read_accounts(path: Path) -> list[AccountRow]:
    """Accounts from a CSV of id, currency_code, optional allow_overdraft and normal_side.

    Raises Refused, naming up to five lines that cannot be used.
    """
    currencies = {currency.code for currency in read_currencies()}

    def read(fields: dict[str, str]) -> AccountRow:
        return AccountRow(
            _given(fields, "id"),
            _currency(fields, currencies),
            _choice(fields, "allow_overdraft", _TRUTH, "false"),
            _choice(fields, "normal_side", {"debit": "debit", "credit": "credit"}, "debit"),
        )

    return _read(
        path,
        needed=("id", "currency_code"),
        optional=("allow_overdraft", "normal_side"),
        read=read,
        identity=lambda account: account.id,
    )


def read_expected_balances(path: Path) -> list[ExpectedBalance]:
    """Balances from a CSV of account_id, currency_code, expected_balance and optional as_of.

    A time without an offset is UTC; a date alone is the end of that day, as statements mean it.
    Raises Refused, naming up to five lines that cannot be used.
    """
    currencies = {currency.code for currency in read_currencies()}

    def read(fields: dict[str, str]) -> ExpectedBalance:
        return ExpectedBalance(
            _given(fields, "account_id"),
            _currency(fields, currencies),
            _decimal(fields, "expected_balance"),
            _moment(fields, "as_of"),
        )

    return _read(
        path,
        needed=("account_id", "currency_code", "expected_balance"),
        optional=("as_of",),
        read=read,
        identity=lambda balance: (balance.account_id, balance.currency_code),
    )


def read_currencies() -> list[Currency]:
    """Every code of ISO 4217, withdrawn ones included, sorted by code."""
    active: dict[str, int | None] = {}
    withdrawn: dict[str, date] = {}
    with open(ISO_4217, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, strict=True):
            code, unit, end = row["AlphabeticCode"], row["MinorUnit"], row["WithdrawalDate"]
            if not code:  # Antarctica has no currency
                continue
            if end:
                withdrawn[code] = max(_last_day(end), withdrawn.get(code, date.min))
            else:
                active[code] = int(unit) if unit.isdecimal() else None
    return [
        Currency(code, active[code], None)
        if code in active
        else Currency(code, None, withdrawn[code])
        for code in sorted({*active, *withdrawn})
    ]


def _last_day(period: str) -> date:
    """The last day of a period such as 1989-12, 1989-1990 or 1990-07 to 1990-09."""
    match = re.search(r"([0-9]{4})(?:-(0[1-9]|1[0-2]))?$", period)
    if match is None:
        raise ValueError(f"{ISO_4217} has a withdrawal date that cannot be read: {period!r}")
    year, month = int(match[1]), int(match[2] or 12)
    return date(year, month, calendar.monthrange(year, month)[1])


def _read(
    path: Path,
    needed: tuple[str, ...],
    optional: tuple[str, ...],
    read: Callable[[dict[str, str]], Row],
    identity: Callable[[Row], object],
) -> list[Row]:
    """Every line as a row; refuse those that cannot be read, and those that say the same twice."""
    text = TextFile.examine(path, None)
    lines = text.lines()
    position, header = next(
        ((number, line) for number, line in enumerate(lines, start=1) if line.strip()), (1, "")
    )
    delimiter, names = _header(path, header.strip("\r\n"), needed, optional)
    rows: list[Row] = []
    first_lines: dict[object, int] = {}
    faults: list[str] = []
    reader = RecordReader(delimiter, '"', len(names), text.spotless)
    for line, _, fields, reason in reader.read(lines, position + 1):
        try:
            if fields is None:
                raise _Fault(str(reason).removeprefix("This line ").removesuffix("."))
            row = read(dict(zip(names, (field.strip() for field in fields), strict=True)))
            earlier = first_lines.setdefault(identity(row), line)
            if earlier != line:
                raise _Fault(f"says the same as line {earlier}")
            rows.append(row)
        except _Fault as fault:
            faults.append(f"line {line} {fault}")
    if faults:
        more = len(faults) - _FAULTS_SHOWN
        tail = f"; and {more} more" if more > 0 else ""
        raise Refused(f"{path} cannot be used: {'; '.join(faults[:_FAULTS_SHOWN])}{tail}.")
    return rows


def _header(
    path: Path, header: str, needed: tuple[str, ...], optional: tuple[str, ...]
) -> tuple[str, list[str]]:
    """The delimiter with which the header names most of what is needed, and its names as ours."""
    wanted = {plain_name(name): name for name in (*needed, *optional)}

    def columns(delimiter: str) -> list[str]:
        try:
            names = split_record(header, delimiter, '"') or []
        except Malformed:
            return []
        return [wanted.get(plain_name(name.strip()), name.strip()) for name in names]

    delimiter = max(DELIMITERS, key=lambda mark: sum(name in needed for name in columns(mark)))
    names = columns(delimiter)
    missing = [name for name in needed if name not in names]
    twice = [name for name in wanted.values() if names.count(name) > 1]
    if missing or twice:
        raise Refused(
            f"The header of {path} must name {', '.join(needed)} once each; it is "
            f"{printable(header.strip())[:200]!r}."
        )
    unknown = [name for name in names if name not in wanted.values()]
    if unknown:
        raise Refused(
            f"The header of {path} names {', '.join(map(repr, unknown))}, which nothing reads. "
            f"Allowed are {', '.join((*needed, *optional))}."
        )
    return delimiter, names


def _given(fields: dict[str, str], name: str) -> str:
    if not fields[name]:
        raise _Fault(f"has no {name}")
    return fields[name]


def _currency(fields: dict[str, str], known: set[str]) -> str:
    code = _given(fields, "currency_code")
    if code not in known:
        raise _Fault(f"has the currency {code!r}, which is not in ISO 4217")
    return code


def _choice(fields: dict[str, str], name: str, choices: dict[str, Choice], default: str) -> Choice:
    text = fields.get(name) or default
    if text.lower() not in choices:
        raise _Fault(f"has {text!r} as {name}; allowed are {', '.join(choices)}")
    return choices[text.lower()]


def _decimal(fields: dict[str, str], name: str) -> Decimal:
    text = _given(fields, name)
    if not _DECIMAL.fullmatch(text):
        raise _Fault(f"has {text[:60]!r} as {name}, not a plain decimal such as -1234.56")
    return Decimal(text)


def _moment(fields: dict[str, str], name: str) -> datetime | None:
    text = fields.get(name)
    if not text:
        return None
    try:
        if not _ISO_TIME.fullmatch(text):
            raise ValueError
        if len(text) == len("2017-12-31"):
            return datetime.combine(date.fromisoformat(text), time.max, UTC)
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise _Fault(f"has {text[:60]!r} as {name}, not an ISO 8601 time that exists") from None
