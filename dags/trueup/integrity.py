"""The health check of the wallets: coins, wallets and journal held against each other.

What is looked at, and how it is told, follow the report of `verify-wallet-integrity`: counts, users
without wallets, drift with its cause, treasury summary, drift statistics, before and after.
Everything is read in one snapshot, in which the check's own row in `ledger_reconciliation_runs` is
the only thing that is written. Coins are integers; a share is a Decimal, cut and never rounded up,
so that 100 % means all.

The system account is the contra side of every user's coins: it is counted apart and is no drift.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any, NamedTuple

from psycopg import Connection
from psycopg.types.json import Json

from trueup import statements
from trueup.errors import Refused

# Of each kind, what is found beyond this is counted and no longer kept one by one.
KEPT = 10_000
# So many of each kind are printed.
SHOWN = 20
# So many earlier runs make the trend.
TREND = 7

# What drift comes from, and what mends it.
CAUSES = {
    "no_wallet": "no wallet",
    "wallet_without_journal": "wallet without journal",
    "balance_off_journal": "balance off its journal",
    "coins_without_entry": "coins moved without a journal entry",
}

# Each a statement wallet/integrity/list_<name>.sql whose rows say how many there are in all, and
# what those are: in a few words, and for the report.
_RULES = {
    "unbalanced": (
        "unbalanced transactions",
        "Closed transactions that do not sum to zero over at least two entries",
    ),
    "broken_chains": (
        "broken chains",
        "Wallets whose entries form no chain of balances",
    ),
    "below_zero": (
        "wallets below zero",
        "Wallets below zero, or with more to spend than they hold",
    ),
}


class Health(NamedTuple):
    """One run of the check, as it is kept."""

    run_id: str
    looked_at: datetime
    # Counts and sums by name; `causes` and `rules` are tables of their own.
    figures: dict[str, Any]
    drifts: list[dict[str, Any]]
    without_wallet: list[dict[str, Any]]
    # Rows of each rule that is broken.
    broken: dict[str, list[dict[str, Any]]]
    # Earlier runs, the latest first: looked_at, status, figures.
    earlier: list[dict[str, Any]]

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong; that the system account is below zero is as it must be."""
        return not self.faults

    @property
    def faults(self) -> list[str]:
        """What is wrong, each in a few words."""
        return _faults(self.figures)


def check(connection: Connection) -> Health:
    """Look at all wallets in one snapshot, and keep what was found."""
    with statements.snapshot(connection):
        figures = _measure(connection)
        broken = {name: _rows(connection, f"list_{name}") for name in _RULES}
        figures["rules"] = {
            name: rows[0].pop("in_all") if rows else 0 for name, rows in broken.items()
        }
        for row in (row for rows in broken.values() for row in rows):
            row.pop("in_all", None)
        report = {
            "check": "wallet_integrity",
            "figures": figures,
            "drifts": _rows(connection, "list_drifts"),
            "without_wallet": _rows(connection, "list_without_wallet"),
            "broken": broken,
            "earlier": _earlier(connection),
        }
        run_id = statements.fetch_one(
            connection,
            "wallet/integrity/insert_run",
            status="broken" if _faults(figures) else "clean",
            drift_count=sum(cause["users"] for cause in figures["causes"]),
            max_delta=figures["max_drift"],
            report=Json(report),
        ).run_id
    return read(connection, run_id)


def read(connection: Connection, run_id: str) -> Health:
    """Read a run of the check. Raises Refused when there is none of that id."""
    row = statements.fetch_one(connection, "wallet/integrity/read_run", run_id=run_id)
    if row is None:
        raise Refused(f"There is no run {run_id} of wallet_integrity in this database.")
    kept = row.report
    return Health(
        row.run_id, row.created_at, kept["figures"], kept["drifts"], kept["without_wallet"],
        kept["broken"], kept["earlier"],
    )  # fmt: skip


def sentence(health: Health) -> str:
    """What was found, for a log and an alert."""
    found = "; ".join(health.faults) or "users, wallets and journal agree"
    return f"The wallets at {_moment(health.looked_at)} UTC: {found}."


def lines(health: Health) -> list[str]:
    """The whole report, in the layout of `verify-wallet-integrity`."""
    parts = (
        _counts(health), _without_wallet(health), _treasury(health), _drift(health),
        _statistics(health), _rules(health), _comparison(health), _trend(health),
    )  # fmt: skip
    head = f"🔍 Wallet integrity at {_moment(health.looked_at)} UTC, run {health.run_id}"
    return [head, *(line for part in parts for line in ("", *part)), "", _conclusion(health)]


def _measure(connection: Connection) -> dict[str, Any]:
    figures = statements.fetch_one(connection, "wallet/integrity/measure")._asdict()
    del figures["looked_at"]
    causes = statements.fetch_all(connection, "wallet/integrity/total_causes")
    return figures | {"causes": [row._asdict() for row in causes]}


def _rows(connection: Connection, name: str) -> list[dict[str, Any]]:
    found = statements.fetch_all(connection, f"wallet/integrity/{name}", most=KEPT)
    return [row._asdict() for row in found]


def _earlier(connection: Connection) -> list[dict[str, Any]]:
    found = statements.fetch_all(connection, "wallet/integrity/read_previous", most=TREND)
    return [
        {"looked_at": row.created_at.isoformat(), "status": row.status, "figures": row.figures}
        for row in found
    ]


def _faults(figures: dict[str, Any]) -> list[str]:
    counted = (
        (figures["missing_wallets"], "users without a wallet"),
        (figures["drifting_users"], f"users with drift ({figures['absolute_drift']:,} coins)"),
        (figures["balances_off_journal"], "wallets off their journal"),
        *((number, _RULES[name][0]) for name, number in figures["rules"].items()),
    )
    return [
        *(f"{number:,} {words}" for number, words in counted if number),
        *([f"all wallets sum to {figures['all_balance']:,}"] if figures["all_balance"] else []),
    ]


def _counts(health: Health) -> Iterator[str]:
    figures = health.figures
    yield "📊 Basic Counts:"
    yield f"   Total users: {figures['users']:,}"
    yield f"   Total wallets: {figures['wallets']:,}"
    yield f"   Missing wallets: {figures['missing_wallets']:,}"
    yield f"   Coin transactions: {figures['coin_transactions']:,}"
    yield (
        f"   Ledger transactions: {figures['ledger_transactions']:,} "
        f"({figures['pending']:,} pending)"
    )
    yield f"   Journal entries: {figures['journal_entries']:,}"


def _without_wallet(health: Health) -> Iterator[str]:
    missing = health.figures["missing_wallets"]
    if not missing:
        yield "✅ All users have wallet records"
        return
    yield f"⚠️  Users without wallets: {missing:,}"
    for user in health.without_wallet[:SHOWN]:
        yield f"   - {_name(user)}: {user['total_coins']:,} coins"
    yield from _more(missing)


def _treasury(health: Health) -> Iterator[str]:
    figures = health.figures
    yield "💰 Treasury Summary:"
    yield f"   Total coins (users.total_coins): {figures['total_coins']:,}"
    yield f"   Total coins (user_wallet.balance): {figures['user_balance']:,}"
    yield f"   Treasury drift: {figures['total_coins'] - figures['user_balance']:,}"
    if figures["system_balance"] is None:
        yield "   System account: none"
    else:
        yield f"   System account: {figures['system_balance']:,} coins (EXPECTED - offset account)"
    yield f"   All wallets with the system account's: {figures['all_balance']:,} (must be 0)"


def _drift(health: Health) -> Iterator[str]:
    in_all = sum(cause["users"] for cause in health.figures["causes"])
    if not in_all:
        yield "✅ Balance Drift: none"
        return
    yield f"⚠️  Balance Drift: {in_all:,} users affected"
    for cause in health.figures["causes"]:
        users = [user for user in health.drifts if user["cause"] == cause["cause"]]
        for user in users[:SHOWN]:
            yield (
                f"   - {_name(user)}: {user['drift']:,} coins ({CAUSES[user['cause']]}; coins "
                f"{user['total_coins']:,}, wallet {_coins(user['balance'])}, journal "
                f"{user['journal_balance']:,})"
            )
        yield from _more(cause["users"])


def _statistics(health: Health) -> Iterator[str]:
    figures = health.figures
    yield "📈 Drift Statistics:"
    yield f"   Users with drift: {figures['drifting_users']:,}"
    yield f"   Max drift: {figures['max_drift']:,}"
    yield (
        f"   Real user drift: {figures['absolute_drift']:,} coins total "
        f"({figures['drifting_users']:,} users)"
    )
    for cause in figures["causes"]:
        off = cause["coins_off_journal"]
        yield (
            f"   {CAUSES[cause['cause']]}: {cause['users']:,} users, {cause['coins']:,} coins"
            + (f", {off:,} off the journal" if off else "")
        )


def _rules(health: Health) -> Iterator[str]:
    yield "📒 Journal:"
    for name, (_, words) in _RULES.items():
        number = health.figures["rules"][name]
        yield f"   {'⚠️ ' if number else '✅'} {words}: {number:,}"
        for row in health.broken[name][:SHOWN]:
            said = ", ".join(f"{key} {_printable(str(value))}" for key, value in row.items())
            yield f"      - {said}"
        yield from (f"   {line}" for line in _more(number))


def _comparison(health: Health) -> Iterator[str]:
    yield "🔁 Comparison: Before vs After"
    if not health.earlier:
        yield "   This is the first run; the next one is compared with it."
        return
    last = health.earlier[0]
    yield f"   Before: the run of {_moment(datetime.fromisoformat(last['looked_at']))} UTC."
    before, after = last["figures"], health.figures
    yield "   | Metric | Before | After | Improvement |"
    yield "   |---|---|---|---|"
    for row in _compared(before, after):
        yield f"   | {' | '.join(row)} |"


def _compared(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    both = (before, after)
    coverages = [_share(each["wallets"], each["users"]) for each in both]
    drifting = [_share(each["drifting_users"], each["users"]) for each in both]
    accuracies = [_accuracy(each) for each in both]
    yield (
        "Wallet Coverage",
        *(
            f"{share}% ({each['wallets']:,}/{each['users']:,})"
            for share, each in zip(coverages, both, strict=True)
        ),
        _points(coverages),
    )
    yield (
        "Users with Drift",
        *(
            f"{each['drifting_users']:,} ({share}%)"
            for share, each in zip(drifting, both, strict=True)
        ),
        _points(drifting),
    )
    treasury = [each["total_coins"] - each["user_balance"] for each in both]
    yield "Treasury Drift", *(f"{coins:,} coins" for coins in treasury), _change(treasury)
    real = [each["absolute_drift"] for each in both]
    yield "Real User Drift", *(f"{coins:,} coins" for coins in real), _change(real)
    yield "Balance Accuracy", *(f"{share}%" for share in accuracies), _points(accuracies)


def _trend(health: Health) -> Iterator[str]:
    yield f"📅 Trend (this run and at most {TREND} before it):"
    now = {
        "looked_at": health.looked_at.isoformat(),
        "status": "clean" if health.is_clean else "broken",
        "figures": health.figures,
    }
    for run in (now, *health.earlier):
        figures = run["figures"]
        yield (
            f"   {_moment(datetime.fromisoformat(run['looked_at']))}  {run['status']}  "
            f"{figures['drifting_users']:,} users with drift, {figures['absolute_drift']:,} coins, "
            f"{figures['wallets']:,} wallets, treasury {figures['total_coins']:,}"
        )


def _conclusion(health: Health) -> str:
    return f"{'✅' if health.is_clean else '❌'} {sentence(health)}"


def _share(part: int, whole: int) -> Decimal:
    """A part of a whole in percent; of nothing it is all."""
    percent = Decimal(100 * part) / whole if whole else Decimal(100)
    return percent.quantize(Decimal("0.01"), ROUND_DOWN)


def _accuracy(figures: dict[str, Any]) -> Decimal:
    """The share of the users' coins that their wallets have right."""
    coins = figures["total_coins"]
    return _share(max(coins - figures["absolute_drift"], 0), coins)


def _points(shares: list[Decimal]) -> str:
    return f"{shares[1] - shares[0]:+}%"


def _change(coins: list[int]) -> str:
    """By what part of what it was something has grown or shrunk."""
    before, after = coins
    if before == after:
        return "0%"
    return f"{_share(after - before, abs(before)):+}%" if before else f"{after:+,} coins"


def _name(user: dict[str, Any]) -> str:
    return f"{_printable(user['username'])} ({_printable(user['user_id'])})"


def _printable(text: str) -> str:
    """A text of a user's choice, without what could pass for another line of the log."""
    return "".join(character if character.isprintable() else "�" for character in text)


def _coins(number: int | None) -> str:
    return "none" if number is None else f"{number:,}"


def _more(in_all: int) -> Iterator[str]:
    if in_all > SHOWN:
        yield f"   … and {in_all - SHOWN:,} more, in ledger_reconciliation_runs"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
