"""What a person is asked to approve: a dry run's figures in Markdown, short enough to be read."""

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from psycopg import Connection

from trueup import statements, steps
from trueup.journal import Run
from trueup.plan import Plan
from trueup.report import facts
from trueup.report.amounts import counted, readable

MOST_CHANGED = 10
_CURRENCIES = 20
_OVERDRAWN = 5
# What the audit counted, in words.
_AUDITED = {
    "inconsistent_balances": "{} accounts break a balance rule already.",
    "opening_balances": "{} accounts have a balance that no entry explains: it is taken for their "
    "opening balance.",
    "accounts_to_create": "The accounts file names {}; those that are missing are created.",
}
# An id or a source may be as long as somebody made it.
_NAME_CHARACTERS = 80


def question(connection: Connection, run: Run) -> str:
    """Say what approving would post: totals, balances, quarantine, what to look at, digest.

    Every amount is the journal's own text. The run must be validated, and its staging must stand.
    """
    figures = run.row.figures
    units = facts.minor_units(connection)
    changed = steps.fetch_all(
        connection, run, "approve/list_most_changed", run_id=run.run_id, rows=MOST_CHANGED
    )
    reasons = statements.fetch_all(connection, "trueup/report/count_reasons", run_id=run.run_id)
    return "\n".join(
        (
            *_heading(run, figures["verdicts"]),
            *_totals(figures["totals"], units),
            *_balances(changed, units),
            *_quarantine(run, reasons),
            *_flagged(run, figures, units),
            "",
            f"**Digest** `{run.row.digest}`",
            "",
            "Approving posts exactly what this digest stands for, or nothing. Others may post "
            "meanwhile: the balances are those of now.",
        )
    )


def _heading(run: Run, verdicts: dict[str, int]) -> Iterator[str]:
    started_by = _name(run.row.started_by)
    yield f"Run {_name(run.run_id)} of {_name(run.row.source)}, started by {started_by}."
    yield ""
    yield (
        f"**{counted(verdicts['read'])} read** = {counted(verdicts['postable'])} to post + "
        f"{counted(verdicts['replayed'])} replayed + {counted(verdicts['quarantined'])} "
        "quarantined."
    )
    if run.plan.four_eyes:
        yield ""
        yield "Whoever triggered the run may not approve it (`four_eyes`)."


def _totals(totals: list[dict[str, Any]], units: dict[str, int]) -> Iterator[str]:
    """The control totals; what else a system totals stands behind entries and amount.

    JSON has no order of its own.
    """
    yield from ("", "#### Control totals", "")
    if not totals:
        yield "Nothing would be posted."
        return
    first, last = ["entries", "amount"], ["difference"]
    named = {"currency_code", *first, *last}
    columns = [
        *first,
        *(name for name in totals[0] if name not in named),
        *(name for name in last if name in totals[0]),
    ]
    yield from _table(
        ["currency", *(name.replace("_", " ") for name in columns)],
        (
            [
                _name(row["currency_code"]),
                *(readable(str(row[name]), _units(units, row, name)) for name in columns),
            ]
            for row in totals[:_CURRENCIES]
        ),
    )
    yield from _rest(len(totals) - _CURRENCIES, "currencies; the log of `validate` has them all")


def _units(units: dict[str, int], row: dict[str, Any], name: str) -> int:
    return 0 if name == "entries" else units.get(row["currency_code"], 0)


def _balances(changed: list[Any], units: dict[str, int]) -> Iterator[str]:
    if not changed:
        return
    yield from ("", "#### Balances that change most", "")
    yield from _table(
        ["account", "currency", "before", "after"],
        (
            [
                _name(row.account_id),
                _name(row.currency_code),
                readable(row.before, units.get(row.currency_code, 0)),
                readable(row.after, units.get(row.currency_code, 0)),
            ]
            for row in changed
        ),
    )
    yield from _rest(changed[0].changed - len(changed), "accounts; the totals are of all of them")


def _quarantine(run: Run, reasons: list[Any]) -> Iterator[str]:
    yield from ("", "#### Quarantine", "")
    if not reasons:
        yield "No row is quarantined."
        return
    yield from _table(
        ["reason", "rows", "first at", "meaning"],
        (
            [_name(row.reason_code), counted(row.rows), str(row.first_position), row.meaning]
            for row in reasons
        ),
    )
    yield from ("", f"Up to {run.plan.max_quarantined} may be. Each row stands in the view "
                    "`trueup.quarantined_rows`.")  # fmt: skip


def _flagged(run: Run, figures: dict[str, Any], units: dict[str, int]) -> Iterator[str]:
    found = list(_flags(run, figures, units))
    if found:
        yield from ("", "#### To be looked at", "")
        yield from (f"- {each}" for each in found)


def _flags(run: Run, figures: dict[str, Any], units: dict[str, int]) -> Iterator[str]:
    yield from _overdrawn(figures.get("would_overdraw", []), units)
    audit = figures.get("audit") or {}
    for name, sentence in _AUDITED.items():
        if audit.get(name):
            yield sentence.format(counted(audit[name]))
    if audit.get("other_sessions"):
        yield f"{counted(len(audit['other_sessions']))} other sessions were connected."
    if run.row.left_out:
        yield f"{counted(run.row.left_out)} rows outside the window of time are left out."
    for each in figures.get("left_aside", []):
        yield f"{counted(each['rows'])} rows are left aside: {each['what']}."
    yield from _loosened(run.plan)


def _loosened(plan: Plan) -> Iterator[str]:
    """What lets a result stand that a plan by default would take back."""
    if plan.accept_breaks is None:
        yield "`accept_breaks` is empty: however many breaks there are, nothing is taken back."
    elif plan.accept_breaks:
        yield f"Up to {counted(plan.accept_breaks)} breaks may stand (`accept_breaks`)."
    if plan.tolerance:
        yield f"A difference of up to {plan.tolerance:f} is no break (`tolerance`)."
    if not plan.validate_balances:
        yield "`validate_balances` is off: balances are proved at the end only."
    if plan.confirm_overlap:
        yield "`confirm_overlap` is on: an earlier delivery of this source may overlap."
    if not plan.four_eyes:
        yield "`four_eyes` is off: whoever triggered the run may approve it, too."


def _overdrawn(overdrawn: list[dict[str, Any]], units: dict[str, int]) -> Iterator[str]:
    for row in overdrawn[:_OVERDRAWN]:
        balance = readable(row["balance"], units.get(row["currency_code"], 0))
        yield (
            f"{_name(row['account_id'])} may not overdraw and would end at {balance} "
            f"{_name(row['currency_code'])}: the run would be taken back."
        )
    if len(overdrawn) > _OVERDRAWN:
        yield f"{counted(len(overdrawn) - _OVERDRAWN)} more accounts would overdraw."


def _rest(number: int, what: str) -> Iterator[str]:
    if number > 0:
        yield from ("", f"… and {counted(number)} more {what}.")


def _table(columns: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    """A table whose first column is a name; the others are set right where they are figures."""
    yield f"| {' | '.join(columns)} |"
    words = ("currency", "meaning")
    yield f"|---|{''.join('---|' if name in words else '---:|' for name in columns[1:])}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _name(text: str) -> str:
    """A source's own text as code: nothing in it is taken for Markdown, a link or a line's end.

    A backtick would end the code; a bar ends a table's cell, in code too, and a backslash before it
    keeps it from that or not, as the renderer likes. Others that look alike stand for them.
    """
    plain = "".join(
        "·" if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") else character
        for character in text.replace("`", "'").replace("|", "¦")
    )
    cut = plain if len(plain) <= _NAME_CHARACTERS else f"{plain[: _NAME_CHARACTERS - 1]}…"
    return f"`{cut}`" if cut.strip() else "(empty)"
