"""Lays facts out as tables of text, with pandas; HTML and terminal show the same ones."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from trueup.report import words
from trueup.report.amounts import counted, readable, signed
from trueup.report.facts import Facts


@dataclass(frozen=True)
class Table:
    """A table of texts. `numeric` names the columns that are aligned at their right."""

    frame: pd.DataFrame
    numeric: frozenset[str] = frozenset()
    # Columns of a source's or a person's text, which may be long.
    wide: frozenset[str] = frozenset()

    @property
    def columns(self) -> list[str]:
        """The headings."""
        return list(self.frame.columns)

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """The cells, row by row."""
        return list(self.frame.itertuples(index=False, name=None))


def of(facts: Facts, minor_units: dict[str, int]) -> dict[str, Table]:
    """All tables of a report by name; one without rows is left out."""
    tables = {
        "params": params(facts),
        "attempts": attempts(facts),
        "to_post": to_post(facts, minor_units),
        "trial_balance": trial_balance(facts, minor_units),
        "would_overdraw": would_overdraw(facts, minor_units),
        "breaks": breaks(facts, minor_units),
        "reasons": reasons(facts),
        "quarantined": quarantined(facts),
        "constraints": constraints(facts),
        "expectations": expectations(facts),
        "slowest": slowest(facts),
        "timeline": timeline(facts),
    }
    return {name: table for name, table in tables.items() if not table.frame.empty}


def params(facts: Facts) -> Table:
    """What was asked for beside the source, where it is not the default."""
    asked = pd.Series(words.asked_for(facts), dtype=object).drop("source", errors="ignore")
    return Table(
        pd.DataFrame({"parameter": asked.index, "value": [str(value) for value in asked]}),
        wide=frozenset({"value"}),
    )


def attempts(facts: Facts) -> Table:
    """The Airflow runs that worked on the run, when it took more than one."""
    frame = _frame(facts["attempts"], ["attempt", "airflow_run_id", "started_by", "started_at"])
    frame["attempt"] = frame["attempt"].map(counted)
    frame["started_at"] = frame["started_at"].map(words.moment)
    frame.columns = ["attempt", "Airflow run", "started by", "started"]
    return Table(frame.iloc[: len(frame) if len(frame) > 1 else 0], frozenset({"attempt"}))


def to_post(facts: Facts, minor_units: dict[str, int]) -> Table:
    """What the verdicts would post per currency, and the trial balance that it leads to."""
    names = ["currency_code", "entries", "amount", "debit_balances", "credit_balances", "difference"]
    frame = _frame(facts["totals"]["to_post"], names)
    for name in names[2:]:
        _money(frame, name, minor_units, readable)
    frame["entries"] = frame["entries"].map(counted)
    frame.columns = ["currency", "entries", "sum", "debit balances", "credit balances", "difference"]
    return Table(frame, frozenset(frame.columns[1:]))


def trial_balance(facts: Facts, minor_units: dict[str, int]) -> Table:
    """What the run posted per currency, and what all balances net to, before and after."""
    names = ["currency_code", "run_entries", "run_amount", "entries", "amount", "opening_net", "net"]
    frame = _frame(facts["totals"]["trial_balance"], names)
    for name in ("run_amount", "amount", "opening_net", "net"):
        _money(frame, name, minor_units, readable)
    for name in ("run_entries", "entries"):
        frame[name] = frame[name].map(counted)
    frame.columns = [
        "currency", "posted", "sum posted", "in the ledger", "sum in the ledger",
        "net opening", "net of balances",
    ]  # fmt: skip
    return Table(frame, frozenset(frame.columns[1:]))


def would_overdraw(facts: Facts, minor_units: dict[str, int]) -> Table:
    """Accounts that may not overdraw and would end below zero."""
    frame = _frame(
        facts["totals"]["would_overdraw"], ["account_id", "currency_code", "available_balance"]
    )
    _money(frame, "available_balance", minor_units, readable)
    frame.columns = ["account", "currency", "would end at"]
    return Table(frame, frozenset({"would end at"}))


def breaks(facts: Facts, minor_units: dict[str, int]) -> Table:
    """The largest breaks."""
    names = ["account_id", "currency_code", "expected", "actual", "difference", "cause", "compared_with"]
    frame = _frame(facts["breaks"]["largest"], names)
    _money(frame, "expected", minor_units, readable)
    _money(frame, "actual", minor_units, readable)
    _money(frame, "difference", minor_units, signed)
    frame["compared_with"] = frame["compared_with"].str.replace("_", " ")
    frame.columns = [
        "account", "currency", "expected", "ledger", "difference", "likely cause", "compared with",
    ]  # fmt: skip
    return Table(
        frame, frozenset({"expected", "ledger", "difference"}), frozenset({"likely cause"})
    )


def reasons(facts: Facts) -> Table:
    """Quarantined rows by reason."""
    frame = _frame(
        facts["quarantine"]["reasons"], ["reason_code", "rows", "first_position", "meaning"]
    )
    for name in ("rows", "first_position"):
        frame[name] = frame[name].map(counted)
    frame.columns = ["reason", "rows", "first line", "meaning"]
    return Table(frame, frozenset({"rows", "first line"}), frozenset({"meaning"}))


def quarantined(facts: Facts) -> Table:
    """The first quarantined rows as they stood in the source."""
    frame = _frame(
        facts["quarantine"]["first"], ["position", "reason_code", "reason", "raw", "cut"]
    )
    frame["position"] = frame["position"].map(counted)
    frame["raw"] += frame.pop("cut").map({True: " …", False: ""})
    frame.columns = ["line", "reason", "why", "as it stood in the source"]
    return Table(
        frame, frozenset({"line"}), frozenset({"why", "as it stood in the source"})
    )


def constraints(facts: Facts) -> Table:
    """The rules as they stand."""
    frame = _frame(facts["constraints"], ["name", "stands", "validated", "added_by_this_run"])
    for name in ("stands", "validated", "added_by_this_run"):
        frame[name] = frame[name].map({True: "yes", False: "no"})
    frame.columns = ["rule", "stands", "every row checked", "added by this run"]
    return Table(frame)


def expectations(facts: Facts) -> Table:
    """What every expectation found; those that do not hold come first."""
    frame = _frame(
        facts["expectations"]["results"],
        ["suite", "expectation", "severity", "success", "observed"],
    ).sort_values("success", kind="stable")
    frame["success"] = frame["success"].map({True: "holds", False: "does not hold"})
    frame = frame[["suite", "expectation", "success", "severity", "observed"]]
    frame.columns = ["suite", "expectation", "result", "severity", "observed"]
    return Table(frame, wide=frozenset({"expectation", "observed"}))


def slowest(facts: Facts) -> Table:
    """The slowest batches, when there are enough to compare."""
    frame = _frame(
        facts["batches"]["slowest"],
        ["batch_no", "first_key", "last_key", "read", "seconds", "checkpoint_seconds"],
    )
    for name in ("batch_no", "first_key", "last_key", "read"):
        frame[name] = frame[name].map(counted)
    frame.columns = ["batch", "first line", "last line", "rows", "seconds", "of these for the checkpoint"]
    return Table(frame, frozenset(frame.columns))


def timeline(facts: Facts) -> Table:
    """What the audit log says."""
    frame = _frame(facts["timeline"], ["logged_at", "stage", "event"])
    frame["logged_at"] = frame["logged_at"].map(lambda time: f"{time:%Y-%m-%d %H:%M:%S}")
    frame["stage"] = frame["stage"].str.replace("_", " ")
    frame.columns = ["UTC", "stage", "what happened"]
    return Table(frame, wide=frozenset({"what happened"}))


def _frame(rows: list[dict[str, Any]], names: list[str]) -> pd.DataFrame:
    """The rows as a frame of Python objects: pandas must not make floats of figures."""
    return pd.DataFrame(rows, columns=names, dtype=object)


def _money(
    frame: pd.DataFrame, name: str, minor_units: dict[str, int], form: Any
) -> None:
    """Turn a column of decimal texts into readable amounts of the row's currency."""
    frame[name] = [
        form(amount, minor_units.get(currency, 0))
        for amount, currency in zip(frame[name], frame["currency_code"], strict=True)
    ]
