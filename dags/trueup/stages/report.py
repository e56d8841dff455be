"""Writes what happened: for people, for programs, for a terminal, and rows to be mended."""

import json
import os
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from psycopg import Connection

from trueup import journal
from trueup.journal import Run
from trueup.report import facts as report_facts
from trueup.report import html, quarantine, tables, text, words


def report(connection: Connection, run: Run, folder: Path) -> dict[str, str]:
    """Write a run's report, whatever its status, and give the paths of its files.

    `<folder>/<run_id>/` receives report.html, report.json and report.txt, and the quarantine's CSV
    when there are rows in it; `<folder>/latest.html` and `latest.txt` show the last report again.
    Every file appears whole or not at all. Changes nothing in the database; safe to repeat.
    """
    run = journal.read_run(connection, run.run_id)
    facts = report_facts.gather(connection, run)
    laid_out = tables.of(facts, report_facts.minor_units(connection))
    own = folder / run.run_id
    own.mkdir(parents=True, exist_ok=True)
    paths = {"html": own / "report.html", "json": own / "report.json", "text": own / "report.txt"}
    if facts["quarantine"]["csv"]:
        paths["quarantine"] = own / facts["quarantine"]["csv"]
        _write(paths["quarantine"], lambda path: quarantine.write(connection, run, path))
    in_terminal = text.render(facts, laid_out)
    for_programs = {"verdict": words.headline(facts), **facts}
    _write_text(
        paths["json"], json.dumps(for_programs, indent=2, ensure_ascii=False, default=_as_json)
    )
    _write_text(paths["text"], in_terminal)
    _write_text(paths["html"], html.render(facts, laid_out, own, own))
    _write_text(folder / "latest.txt", in_terminal)
    _write_text(folder / "latest.html", html.render(facts, laid_out, folder, own))
    return {name: str(path) for name, path in paths.items()}


def _write_text(path: Path, content: str) -> None:
    _write(path, lambda draft: draft.write_text(content, encoding="utf-8"))


def _write(path: Path, fill: Callable[[Path], Any]) -> None:
    """Fill a draft beside the file, then put it in the file's place in one step."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fill(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _as_json(value: Any) -> str:
    """Times in ISO 8601, money and rates as decimal text: nothing becomes a float."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in a report")
