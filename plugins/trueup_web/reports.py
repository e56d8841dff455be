"""Reports, Data Docs and the runbook, shown in place: files below one folder, and no scripts."""

import os
import re
from functools import cache
from pathlib import Path

from airflow.configuration import AIRFLOW_HOME
from markdown_it import MarkdownIt
from starlette.responses import FileResponse, HTMLResponse, Response

RUNBOOK = Path(__file__).resolve().parents[2] / "docs" / "runbook.md"

# Whatever a report quotes from a source can do nothing here: no script, no form, no request to
# anywhere else. This holds it, and not that Data Docs are served without their scripts.
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self';"
    # Same origin, so that a page's styles come with the user's session.
    " sandbox allow-same-origin"
)
_HEADERS = {
    "Content-Security-Policy": _PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}

# The heading of the runbook for where a run stands.
SECTIONS = {
    "auditing": "Is it alive?",
    "ingesting": "Is it alive?",
    "validating": "Is it alive?",
    "posting": "Is it alive?",
    "constraining": "Is it alive?",
    "expecting": "Is it alive?",
    "reconciling": "Is it alive?",
    "awaiting_approval": "Awaiting approval",
    "interrupted": "Interrupted",
    "paused": "Pausing",
    "refused": "Refused",
    "rolling_back": "Taking a run back",
    "rolled_back": "Rolled back",
    "rollback_failed": "rollback_failed",
    "completed": "First: how does it stand?",
    "previewed": "First: how does it stand?",
    "night": "nightly_reconciliation",
}


def folder() -> Path:
    """Where the DAGs write reports and Data Docs; the API server must see the same folder."""
    return Path(os.environ.get("TRUEUP_REPORTS") or f"{AIRFLOW_HOME}/trueup_reports")


def subject(path: str) -> str:
    """The run or night whose file a path below the reports' folder is; '' when it is of none."""
    first, _, rest = path.partition("/")
    return rest.partition("/")[0] if first == "data_docs" else first if rest else ""


def served(path: str) -> Response | None:
    """A file of the subject's own folders; None when there is none, or the path leads elsewhere."""
    root = folder().resolve()
    name = subject(path)
    if not re.fullmatch(r"[\w.:+-]+", name) or name.startswith("."):
        return None
    try:
        wanted = (root / path).resolve()
    except (OSError, ValueError):
        return None
    own = root / "data_docs" / name if path.startswith("data_docs/") else root / name
    kind = _KINDS.get(wanted.suffix)
    if not kind or not wanted.is_relative_to(own) or wanted.name.startswith("."):
        return None
    if not wanted.is_file():
        return None
    if own.parent.name == "data_docs" and wanted.suffix == ".html":
        return HTMLResponse(_offline(wanted.read_text(encoding="utf-8")), headers=_HEADERS)
    return FileResponse(wanted, media_type=kind, headers=_HEADERS)


def _offline(page: str) -> str:
    """A page of Data Docs without what it wants from the net, in a plain style of our own."""
    without = re.sub(r"<script\b.*?</script>|<link\b[^>]*https?:[^>]*>", "", page, flags=re.S)
    style = (Path(__file__).parent / "data_docs.css").read_text(encoding="utf-8")
    return without.replace("</head>", f"<style>{style}</style></head>", 1)


def of_run(run_id: str) -> dict[str, str]:
    """Names and paths of what can be shown of a run."""
    return _present({"Report": f"{run_id}/report.html"}) | _docs(run_id)


def of_night(night_id: str) -> dict[str, str]:
    """Names and paths of what can be shown of a night."""
    return _present({"Report": f"{night_id}/night.html"}) | _docs(night_id)


def _present(paths: dict[str, str]) -> dict[str, str]:
    return {name: path for name, path in paths.items() if (folder() / path).is_file()}


def _docs(name: str) -> dict[str, str]:
    site = folder() / "data_docs" / name
    return {
        f"Data Docs: {page.relative_to(site).parts[1]}": page.relative_to(folder()).as_posix()
        for page in sorted((site / "validations").rglob("*.html"))
    }


def runbook(state: str, dark: bool) -> HTMLResponse | None:
    """The whole runbook as a page, for a frame that begins at the heading of a state."""
    if state not in SECTIONS:
        return None
    body = _runbook() or "<p>docs/runbook.md is not deployed with the bundle.</p>"
    scheme = "dark" if dark else "light"
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Runbook</title>'
        f"<style>:root {{ color-scheme: {scheme} }}{_RUNBOOK_STYLE}</style>{body}</html>"
    )
    return HTMLResponse(page, headers=_HEADERS)


def anchor(heading: str) -> str:
    """The name under which a heading is found, as GitHub makes it."""
    return re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-")


_RUNBOOK_STYLE = """
html { background: Canvas; color: CanvasText; scroll-padding-top: .5rem }
body { font: 14px/1.55 system-ui, sans-serif; margin: 1rem 1.5rem 60vh; max-width: 64rem }
pre, code { font: 12px/1.5 ui-monospace, monospace }
pre { background: color-mix(in srgb, CanvasText 8%, Canvas); padding: .75rem; overflow-x: auto;
      border-radius: 4px }
table { border-collapse: collapse } td, th { border: 1px solid #8886; padding: .25rem .6rem;
      text-align: left; vertical-align: top }
h2:target, h3:target { background: color-mix(in srgb, #3b82f6 18%, Canvas) }
"""


@cache
def _runbook() -> str:
    """The runbook as HTML: headings that links find, and no links to what is not served here."""
    if not RUNBOOK.is_file():
        return ""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(RUNBOOK.read_text(encoding="utf-8"))
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", anchor(tokens[at + 1].content))
        for part in token.children or ():
            if part.type == "link_open" and not str(part.attrGet("href")).startswith("#"):
                part.attrs.pop("href")
    return markdown.renderer.render(tokens, markdown.options, {})
