"""The report for people: one HTML file that holds all it needs."""

import os
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from trueup.report import words
from trueup.report.amounts import counted
from trueup.report.facts import Facts
from trueup.report.tables import Table

TEMPLATES = Path(__file__).resolve().parents[3] / "include" / "report"

# Beyond this, a page helps nobody; the JSON and the views have the rest.
ROWS_SHOWN = 100


def render(facts: Facts, tables: dict[str, Table], folder: Path, own: Path) -> str:
    """The page as it lies in `folder`; the run's other files lie in `own`."""
    return (
        environment(folder)
        .get_template("report.html")
        .render(facts=facts, tables=tables, words=words, own=own, rows_shown=ROWS_SHOWN)
    )


def environment(folder: Path) -> Environment:
    """What pages are made with; `link` leads from a page in `folder` to another file."""

    def link(path: str | Path) -> str:
        # Relative: the folders may be served, or moved, together.
        return quote(Path(os.path.relpath(path, folder)).as_posix())

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"counted": counted, "moment": words.moment}
    made.globals["link"] = link
    return made
