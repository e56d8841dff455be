"""The report for a terminal: at most 100 columns, read from top to bottom."""

import textwrap
import unicodedata
from collections.abc import Iterator

from trueup.report import words
from trueup.report.facts import Facts
from trueup.report.tables import Table

WIDTH = 100
_GAP = "  "
_ROWS = 20
_NARROWEST = 8
_LABEL = 12


def render(facts: Facts, tables: dict[str, Table]) -> str:
    """The whole report as text."""
    return "\n".join(_lines(facts, tables)) + "\n"


def _lines(facts: Facts, tables: dict[str, Table]) -> Iterator[str]:
    yield "═" * WIDTH
    yield from _wrapped(f"{facts['status'].replace('_', ' ').upper()} · {words.headline(facts)}")
    if facts["message"]:
        yield from _wrapped(facts["message"])
    yield "═" * WIDTH
    yield from _asked(facts, tables)
    yield from _heading("Control totals")
    yield from _wrapped(words.equation(facts))
    for note in words.totals_notes(facts):
        yield from _wrapped(note)
    yield from _table(tables, "trial_balance" if "trial_balance" in tables else "to_post")
    if facts["totals"]["to_post"]:
        yield from _wrapped(words.totals_caption(facts))
    if "would_overdraw" in tables:
        yield from _wrapped("These accounts may not overdraw and would end below zero:")
        yield from _table(tables, "would_overdraw")
    yield from _heading("Breaks")
    yield from _wrapped(words.breaks(facts))
    yield from _table(tables, "breaks")
    if facts["corrections"]:
        yield from _heading("Corrections")
        yield from _wrapped(words.corrections(facts))
        yield from _table(tables, "corrections")
    if facts["compared"]:
        yield from _heading("The other ledger")
        yield from _wrapped(words.compared(facts))
        yield from _table(tables, "differences")
    yield from _heading("Quarantine")
    yield from _wrapped(words.quarantine(facts))
    yield from _table(tables, "reasons")
    yield from _proof(facts)


def _asked(facts: Facts, tables: dict[str, Table]) -> Iterator[str]:
    asked = facts["asked"]
    yield from _pair("run", facts["run_id"])
    known_as = f" as {asked['source_id']}" if asked["source_id"] != asked["source"] else ""
    yield from _pair("source", f"{asked['source']}{known_as} ({asked['source_type']})")
    yield from _pair("SHA-256", asked["source_fingerprint"] or "–")
    yield from _pair("mapping", asked["mapping"] or "none")
    if "params" in tables:
        for number, (name, value) in enumerate(tables["params"].rows):
            yield from _pair("" if number else "asked for", f"{name} = {value}")
    yield from _pair("started", f"{words.moment(asked['started_at'])} by {asked['started_by']}")
    took = f"after {asked['seconds']} s, attempt {len(facts['attempts'])}"
    yield from _pair("ended", f"{words.moment(asked['finished_at'])} {took}")


def _proof(facts: Facts) -> Iterator[str]:
    yield from _heading("Proof")
    yield from _wrapped(words.constraints(facts))
    yield from _wrapped(words.expectations(facts))
    for each in facts["expectations"]["results"]:
        if not each["success"]:
            said = f"{each['severity']}: {each['expectation']}: {each['observed']}"
            yield from _wrapped(said, indent="  ")
    if facts["expectations"]["data_docs"]:
        yield from _pair("Data Docs", facts["expectations"]["data_docs"])
    yield from _pair("state before", facts["state_hash"]["before"] or "–")
    yield from _pair("state after", facts["state_hash"]["after"] or "–")
    yield from _wrapped(words.proof(facts))
    if facts["backup"]:
        yield from _wrapped(words.backup(facts))
    if facts["digest"]["digest"]:
        yield from _pair("digest", facts["digest"]["digest"])
        yield from _wrapped(words.approval(facts))
    if command := words.trigger(facts):
        # Whole on one line, whatever its width: it is there to be copied.
        yield f"  {command}"
    yield from _wrapped(words.batches(facts))


def _heading(title: str) -> Iterator[str]:
    yield ""
    yield f"{title} ".ljust(WIDTH, "─")


def _pair(label: str, value: str) -> Iterator[str]:
    lines = _broken(value, WIDTH - _LABEL - 1)
    yield f"{label:<{_LABEL}} {lines[0]}"
    for line in lines[1:]:
        yield f"{'':<{_LABEL}} {line}"


def _wrapped(sentence: str, indent: str = "") -> list[str]:
    return [indent + line for line in _broken(sentence, WIDTH - len(indent))]


def _broken(value: str, width: int) -> list[str]:
    return textwrap.wrap(_printable(value), width, break_on_hyphens=False) or [""]


def _table(tables: dict[str, Table], name: str) -> Iterator[str]:
    """A table's first rows, its wide columns cut so that a line fits."""
    if name not in tables:
        return
    table = tables[name]
    cells = [[_printable(cell) for cell in row] for row in table.rows[:_ROWS]]
    widths = [
        max(len(column), *(len(row[number]) for row in cells))
        for number, column in enumerate(table.columns)
    ]
    over = sum(widths) + len(_GAP) * (len(widths) - 1) + 2 - WIDTH
    while over > 0:
        widest = max(
            range(len(widths)),
            key=lambda number: _spare(table, number, widths[number]),
        )
        if widths[widest] <= _NARROWEST:
            break
        widths[widest] -= 1
        over -= 1
    yield ""
    aligned = [str.rjust if column in table.numeric else str.ljust for column in table.columns]
    for row in (table.columns, *cells):
        fitted = [
            align(_cut(cell, width), width)
            for align, cell, width in zip(aligned, row, widths, strict=True)
        ]
        yield f"  {_GAP.join(fitted)}".rstrip()
    if len(table.rows) > _ROWS:
        yield f"  … and {len(table.rows) - _ROWS} more in the other reports"


def _spare(table: Table, number: int, width: int) -> tuple[int, int]:
    """How readily a column gives room: long texts first, then names, figures last."""
    column = table.columns[number]
    if column in table.wide and width > 2 * _NARROWEST:
        return 3, width
    return (1 if column in table.numeric else 2), width


def _cut(cell: str, width: int) -> str:
    return cell if len(cell) <= width else cell[: width - 1] + "…"


def _printable(value: str) -> str:
    """Without control characters: a source's text must not move a terminal's cursor."""
    return "".join(
        "·" if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") else character
        for character in value
    )
