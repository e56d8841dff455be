"""Lays facts out as tables of text, with pandas; HTML and terminal show the same ones."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from trueup.report import words
from trueup.report.amounts import counted, readable, signed
from trueup.report.facts import Facts

Rows = list[dict[str, Any]]


class Column(NamedTuple):
    """A heading and how a value is written, given the decimals of its row's currency."""

    heading: str
    form: Callable[[Any, int], str] = lambda value, _: str(value)
    # Aligned at its right.
    numeric: bool = False
    # Texts of a source or a person, which may be long.
    wide: bool = False


@dataclass(frozen=True)
class Table:
    """A table of texts; `numeric` and `wide` name columns."""

    columns: list[str]
    rows: list[tuple[str, ...]]
    numeric: frozenset[str]
    wide: frozenset[str]


def _count(heading: str) -> Column:
    return Column(heading, lambda value, _: counted(value), numeric=True)


def _figure(heading: str) -> Column:
    return Column(heading, numeric=True)


def _money(heading: str) -> Column:
    return Column(heading, readable, numeric=True)


def _difference(heading: str) -> Column:
    return Column(heading, signed, numeric=True)


def _text(heading: str) -> Column:
    return Column(heading, wide=True)


def _words(heading: str) -> Column:
    return Column(heading, lambda value, _: value.replace("_", " "))


def _choice(heading: str, yes: str = "yes", no: str = "no") -> Column:
    return Column(heading, lambda value, _: yes if value else no)


_PARAMS = {"name": Column("parameter"), "value": _text("value")}
_ATTEMPTS = {
    "attempt": _count("attempt"),
    "airflow_run_id": Column("Airflow run"),
    "started_by": Column("started by"),
    "started_at": Column("started", lambda value, _: words.moment(value)),
}
_TO_POST = {
    "currency_code": Column("currency"),
    "entries": _count("entries"),
    "amount": _money("sum"),
    "debit_balances": _money("debit balances"),
    "credit_balances": _money("credit balances"),
    # What a system without balances tells instead.
    "active_locks": _money("active locks"),
    "remaining_in_lots": _money("remaining in lots"),
    "difference": _difference("difference"),
}
_TRIAL_BALANCE = {
    "currency_code": Column("currency"),
    "run_entries": _count("posted"),
    "run_amount": _money("sum posted"),
    "entries": _count("in the ledger"),
    "amount": _money("sum in the ledger"),
    "opening_net": _money("net before"),
    "net": _money("net of balances"),
}
_WOULD_OVERDRAW = {
    "account_id": Column("account"),
    "currency_code": Column("currency"),
    "balance": _money("would end at"),
}
_BREAKS = {
    "account_id": Column("account"),
    "currency_code": Column("currency"),
    "expected": _money("expected"),
    "actual": _money("ledger"),
    "difference": _difference("difference"),
    "cause": _text("likely cause"),
    "compared_with": _words("compared with"),
}
_CORRECTIONS = {
    "subject": Column("what is off"),
    "expected": _money("expected"),
    "actual": _money("ledger"),
    "cause": _text("likely cause"),
    "trust": Column("word of"),
    "proposal": _words("proposal"),
    "debit_account_id": Column("debit", lambda value, _: value or "–"),
    "credit_account_id": Column("credit", lambda value, _: value or "–"),
    "amount": Column("amount", lambda value, _: value or "–", numeric=True),
}
_DIFFERENCES = {
    "reference_id": Column("reference"),
    "kind": _words("difference"),
    "here": Column("here", lambda value, _: value or "–", wide=True),
    "there": Column("there", lambda value, _: value or "–", wide=True),
    "known_reason": Column("known reason", lambda value, _: value or "–", wide=True),
}
_REASONS = {
    "reason_code": Column("reason"),
    "rows": _count("rows"),
    "first_position": _count("first line"),
    "meaning": _text("meaning"),
}
_QUARANTINED = {
    "position": _count("line"),
    "reason_code": Column("reason"),
    "reason": _text("why"),
    "raw": _text("as it stood in the source"),
}
_CONSTRAINTS = {
    "name": Column("rule"),
    "stands": _choice("stands"),
    "validated": _choice("every row checked"),
    "added_by_this_run": _choice("added by this run"),
}
_EXPECTATIONS = {
    "suite": Column("suite"),
    "expectation": _text("expectation"),
    "success": _choice("result", "holds", words.DOES_NOT_HOLD),
    "severity": Column("severity"),
    "observed": _text("observed"),
}
_SLOWEST = {
    "batch_no": _count("batch"),
    "first_key": _count("first line"),
    "last_key": _count("last line"),
    "read": _count("rows"),
    "seconds": _figure("seconds"),
    "checkpoint_seconds": _figure("for its checkpoint"),
}
_TIMELINE = {
    "logged_at": Column("UTC", lambda value, _: f"{value:%Y-%m-%d %H:%M:%S}"),
    "stage": _words("stage"),
    "event": _text("what happened"),
}


def of(facts: Facts, minor_units: dict[str, int]) -> dict[str, Table]:
    """All tables of a report by name; one without rows is left out."""
    totals = facts["totals"]
    rows: dict[str, tuple[Rows, dict[str, Column]]] = {
        "params": (_params(facts), _PARAMS),
        "attempts": (facts["attempts"] if len(facts["attempts"]) > 1 else [], _ATTEMPTS),
        "to_post": (totals["to_post"], _TO_POST),
        "trial_balance": (totals["trial_balance"], _TRIAL_BALANCE),
        "would_overdraw": (totals["would_overdraw"], _WOULD_OVERDRAW),
        "breaks": (facts["breaks"]["largest"], _BREAKS),
        "corrections": (facts["corrections"], _CORRECTIONS),
        "differences": (facts["differences"], _DIFFERENCES),
        "reasons": (facts["quarantine"]["reasons"], _REASONS),
        "quarantined": (_quarantined(facts), _QUARANTINED),
        "constraints": (facts["constraints"], _CONSTRAINTS),
        "expectations": (_worst_first(facts["expectations"]["results"]), _EXPECTATIONS),
        "slowest": (facts["batches"]["slowest"], _SLOWEST),
        "timeline": (facts["timeline"], _TIMELINE),
    }
    return {
        name: _lay_out(found, columns, minor_units)
        for name, (found, columns) in rows.items()
        if found
    }


def _lay_out(rows: Rows, columns: dict[str, Column], minor_units: dict[str, int]) -> Table:
    # Python's objects, whatever they are: pandas must not make floats of figures.
    frame = pd.DataFrame(rows, dtype=object)
    currencies = frame.get("currency_code", pd.Series(None, frame.index, dtype=object))
    decimals = [minor_units.get(currency, 0) for currency in currencies]
    texts = pd.DataFrame(
        {
            column.heading: [
                column.form(value, digits)
                for value, digits in zip(frame[name], decimals, strict=True)
            ]
            for name, column in columns.items()
            if name in frame
        },
        dtype=object,
    )
    return Table(
        list(texts.columns),
        list(texts.itertuples(index=False, name=None)),
        frozenset(column.heading for column in columns.values() if column.numeric),
        frozenset(column.heading for column in columns.values() if column.wide),
    )


def _params(facts: Facts) -> Rows:
    asked = words.asked_for(facts)
    return [{"name": name, "value": asked[name]} for name in asked if name != "source"]


def _quarantined(facts: Facts) -> Rows:
    return [
        row | {"raw": f"{row['raw']} …" if row["cut"] else row["raw"]}
        for row in facts["quarantine"]["first"]
    ]


def _worst_first(results: Rows) -> Rows:
    """What does not hold comes first, and of that the critical."""
    if not results:
        return []
    frame = pd.DataFrame(results, dtype=object)
    return frame.sort_values(["success", "severity"], kind="stable").to_dict("records")
