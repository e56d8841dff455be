"""The bench's own source: the same for every contender, and for every run of one size."""

import csv
import random
from pathlib import Path
from typing import NamedTuple

from trueup.sources.mapping import CANONICAL_NAMES

ACCOUNTS = 10_000
_SEED = 7


class Source(NamedTuple):
    """Where the generated files lie, and how many entries there are."""

    folder: Path
    rows: int

    @property
    def entries(self) -> Path:
        """The entries, in the source format."""
        return self.folder / "entries.csv"

    @property
    def accounts(self) -> Path:
        """The accounts that they move."""
        return self.folder / "accounts.csv"


def account(number: int) -> str:
    """The id of an account."""
    return f"acct-{number:05}"


def pick(chance: random.Random) -> int:
    """An account's number; a few are hot: every fifth leg falls on the first hundred accounts."""
    return int(ACCOUNTS * chance.random() ** 3)


def generate(folder: Path, rows: int) -> Source:
    """Write entries and accounts, row by row: ten million must not need memory."""
    source = Source(folder, rows)
    chance = random.Random(_SEED)
    with source.entries.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(CANONICAL_NAMES)
        for number in range(rows):
            writer.writerow(entry(number, chance))
    with source.accounts.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("id", "currency_code", "allow_overdraft"))
        writer.writerows((account(number), "USD", "true") for number in range(ACCOUNTS))
    return source


def entry(number: int, chance: random.Random) -> tuple[str, ...]:
    """One entry's fields, in the order of the canonical names."""
    debit, credit = pick(chance), pick(chance)
    if debit == credit:
        credit = (credit + 1) % ACCOUNTS
    month, day, hour = 1 + number % 12, 1 + number % 28, number % 24
    return (
        "MASTER", account(debit), account(credit), f"{chance.randrange(1, 500_000) / 100:.2f}",
        "USD", "fiat", "TRANSFER", f"txn-{number:010}",
        f"2024-{month:02}-{day:02}T{hour:02}:{number % 60:02}:{number * 7 % 60:02}Z", "",
        f'{{"channel": "{("card", "wire", "ach")[number % 3]}", "batch": {number // 1000}}}',
    )  # fmt: skip
