"""The routes of the page. All are GET: whatever changes something is a DAG that Airflow triggers.

Every route needs a logged-in user; a run is shown to those who may read its DAG. Money and other
decimals travel as texts, times in ISO 8601.
"""

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from airflow.api_fastapi.core_api.security import GetUserDep, requires_authenticated
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.staticfiles import StaticFiles

from trueup_web import access, books, offers, reports
from trueup_web.books import Row, Unavailable
from trueup_web.cells import CELL_CHARACTERS, NOTES, guarded, one_line
from trueup_web.systems import SYSTEMS, WORKING_DAGS

_STATIC = Path(__file__).parent / "static"
_CHART_POINTS = 300
# Of more sentences than these, those between are left out: how a run began is part of its story.
_FIRST_EVENTS, _LAST_EVENTS = 100, 400
_RAW_CHARACTERS = 2_000
_ROWS_AT_ONCE = 500

app = FastAPI(
    title="Trueup",
    dependencies=[Depends(requires_authenticated())],
    docs_url=None,
    redoc_url=None,
    openapi_url=None,
)


class Answer(JSONResponse):
    """JSON in which a decimal is never a float."""

    def __init__(self, content: Any) -> None:
        super().__init__(content, headers={"Cache-Control": "no-store"})

    def render(self, content: Any) -> bytes:
        """The body."""
        return json.dumps(content, ensure_ascii=False, default=_as_text).encode()


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} has no form on the page")


class _Static(StaticFiles):
    """The front end; the browser asks each time whether a file has changed."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """The file, or the word that it has not changed."""
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


# Public, as Airflow's own assets are: they hold no data.
app.mount("/static", _Static(directory=_STATIC), name="static")


@app.exception_handler(Unavailable)
def unavailable(_: Request, why: Unavailable) -> JSONResponse:
    """A system that cannot be shown is a sentence, and no fault of ours."""
    return JSONResponse({"detail": str(why)}, status_code=why.status)


class Seen(NamedTuple):
    """A run, or a night, that the user may see."""

    system: str
    name: str
    dag_id: str


def _system(system: str) -> str:
    if system not in SYSTEMS:
        raise HTTPException(404, f"There is no system {system}; there are {', '.join(SYSTEMS)}.")
    return system


def _see(system: str, name: str, user: Any) -> Seen:
    found = books.row(_system(system), "find_run", subject=name)
    if found is None:
        raise HTTPException(404, f"There is no run or night {name} in the journal of {system}.")
    if not access.may_read(user, found["dag_id"]):
        raise HTTPException(403, f"You may not read the DAG {found['dag_id']}.")
    return Seen(system, name, found["dag_id"])


def seen_run(system: str, run_id: str, user: GetUserDep) -> Seen:
    """The run of a path, or 404 or 403."""
    return _see(system, run_id, user)


def seen_night(system: str, night_id: str, user: GetUserDep) -> Seen:
    """The night of a path, or 404 or 403."""
    return _see(system, night_id, user)


def _need_rows(seen: Seen, user: Any) -> None:
    if not access.may_trigger(user, seen.dag_id):
        raise HTTPException(
            403,
            "Rows as they stood in the source, and the reports that quote them, are for those who "
            f"may trigger {seen.dag_id}.",
        )


SeenRun = Annotated[Seen, Depends(seen_run)]
SeenNight = Annotated[Seen, Depends(seen_night)]
Page = Annotated[int, Query(ge=1, le=500)]


@app.get("/runs")
def list_runs(
    user: GetUserDep,
    system: str | None = None,
    status: Annotated[list[str] | None, Query()] = None,
    stalled: bool = False,
    before: datetime | None = None,
    before_run: str = "",
    rows: Page = 50,
) -> Answer:
    """A page of the runs of all systems, the newest first, and why a system is not among them.

    `before` and `before_run` are where the page before ended; `next` says where this one does.
    """
    asked = [_system(system)] if system else list(SYSTEMS)
    dag_ids = access.readable_dags(user)

    def ask(each: str) -> list[Row]:
        return books.rows(
            each, "list_runs", dag_ids=dag_ids, statuses=status, stalled=stalled,
            before=before, before_run=before_run, rows=rows + 1,
        )  # fmt: skip

    answers, absent = books.from_each(ask, asked)
    # Each system gives its own newest: the newest of all are among them.
    found = sorted(
        (run for runs in answers.values() for run in runs),
        key=lambda run: (run["started_at"], run["run_id"]),
        reverse=True,
    )
    shown = found[:rows]
    last = shown[-1] if len(found) > rows else None
    return Answer(
        {
            "runs": shown,
            "next": last and {"before": last["started_at"], "before_run": last["run_id"]},
            "absent": absent,
        }
    )


@app.get("/counts")
def count_runs(user: GetUserDep) -> Answer:
    """How many runs there are of each system and status."""
    dag_ids = access.readable_dags(user)
    answers, absent = books.from_each(
        lambda each: books.rows(each, "count_runs", dag_ids=dag_ids), list(SYSTEMS)
    )
    return Answer({"systems": list(SYSTEMS), "counts": answers, "absent": absent})


@app.get("/airflow-run")
def runs_of_airflow_run(user: GetUserDep, dag_id: str, airflow_run_id: str) -> Answer:
    """The runs that an Airflow run has worked on, and whether one may yet come."""
    if not access.may_read(user, dag_id):
        raise HTTPException(403, f"You may not read the DAG {dag_id}.")
    answers, absent = books.from_each(
        lambda each: books.rows(
            each, "find_runs_of_airflow_run", dag_id=dag_id, airflow_run_id=airflow_run_id
        ),
        list(SYSTEMS),
    )
    found = [{"system": each, **run} for each, runs in answers.items() for run in runs]
    return Answer({"runs": found, "comes": dag_id in WORKING_DAGS, "absent": absent})


@app.get("/runs/{system}/{run_id}")
def read_run(seen: SeenRun, user: GetUserDep) -> Answer:
    """Everything about one run but its batches, breaks and quarantined rows."""
    run = books.row(seen.system, "read_run", run_id=seen.name)
    if run is None:
        raise HTTPException(404, f"{seen.name} is a night, and no run.")
    figures, plan = run.pop("figures"), run.pop("plan")
    kept = ("totals", "trial_balance", "verdicts", "would_overdraw", "rollback", "compared")
    # Where nothing works any more, how fast it was is told by the time that was spent in batches.
    (speed,) = books.rows(seen.system, "measure_batches", run_id=seen.name)
    return Answer(
        {
            **run,
            **speed,
            "figures": {name: figures.get(name) for name in kept},
            "approval": plan.get("approval"),
            "asked_digest": plan.get("approved_digest"),
            "given": {name: plan.get(name) for name in figures.get("given") or ()},
            "airflow_runs": books.rows(seen.system, "list_airflow_runs", run_id=seen.name),
            "checkpoints": books.rows(seen.system, "list_checkpoints", run_id=seen.name),
            "events": books.rows(
                seen.system, "list_events", run_id=seen.name,
                first=_FIRST_EVENTS, last=_LAST_EVENTS,
            ),
            "expectations": books.rows(seen.system, "list_expectations", run_id=seen.name),
            "runbook": reports.anchor(reports.SECTIONS.get(run["status"], "")),
            "offers": offers.of_run(run, figures),
            "may": access.permissions(user, seen.dag_id),
        }
    )  # fmt: skip


@app.get("/runs/{system}/{run_id}/files")
def list_files(seen: SeenRun, user: GetUserDep) -> Answer:
    """The report and the Data Docs of a run that are there: names and paths."""
    _need_rows(seen, user)
    return Answer(reports.of_run(seen.name))


@app.get("/runs/{system}/{run_id}/batches")
def chart_batches(seen: SeenRun) -> Answer:
    """Throughput and batch size over time, at most 300 points."""
    return Answer(books.rows(seen.system, "chart_batches", run_id=seen.name, points=_CHART_POINTS))


@app.get("/runs/{system}/{run_id}/breaks")
def list_breaks(
    seen: SeenRun,
    rows: Page = 50,
    after: Decimal | None = None,
    after_account: str = "",
    after_currency: str = "",
    after_compared: str = "",
) -> Answer:
    """A page of the breaks, the largest first, from behind the one that the page before ended with.

    `after` is that one's difference; `next` says where this page ends.
    """
    found = books.rows(
        seen.system, "list_breaks", run_id=seen.name, after=after, after_account=after_account,
        after_currency=after_currency, after_compared=after_compared, rows=rows + 1,
    )  # fmt: skip
    shown = found[:rows]
    last = shown[-1] if len(found) > rows else None
    return Answer(
        {
            "breaks": shown,
            "next": last
            and {
                "after": last["difference"],
                "after_account": last["account_id"],
                "after_currency": last["currency_code"],
                "after_compared": last["compared_with"],
            },
        }
    )


@app.get("/runs/{system}/{run_id}/reasons")
def list_reasons(seen: SeenRun) -> Answer:
    """Why rows were quarantined, and how many."""
    return Answer(books.rows(seen.system, "list_reasons", run_id=seen.name))


@app.get("/runs/{system}/{run_id}/quarantine")
def list_quarantined(
    seen: SeenRun, user: GetUserDep, after: int = -1, reason: str | None = None, rows: Page = 50
) -> Answer:
    """A page of quarantined rows as they stood in the source, from behind a position."""
    _need_rows(seen, user)
    return Answer(
        books.rows(
            seen.system, "list_quarantined", run_id=seen.name, after=after, reason_code=reason,
            rows=rows, characters=_RAW_CHARACTERS,
        )
    )  # fmt: skip


@app.get("/runs/{system}/{run_id}/quarantine.csv")
def download_quarantine(seen: SeenRun, user: GetUserDep) -> StreamingResponse:
    """All quarantined rows as a CSV that can be mended and loaded again, streamed.

    Who has taken rows of a source away stands in Airflow's audit log; who was refused does not.
    """
    _need_rows(seen, user)
    # What cannot be read is said before a file has begun.
    first = _quarantined(seen, -1)
    access.log_download(user, seen.dag_id, seen.system, seen.name)
    return StreamingResponse(
        _csv(seen, first),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{seen.name}-quarantine.csv"',
            "Cache-Control": "no-store",
        },
    )


def _quarantined(seen: Seen, after: int) -> list[Row]:
    return books.rows(
        seen.system, "read_quarantined", run_id=seen.name, after=after, rows=_ROWS_AT_ONCE,
        characters=CELL_CHARACTERS,
    )  # fmt: skip


def _csv(seen: Seen, handful: list[Row]) -> Iterator[str]:
    """The columns of the source format, then why the row is here: the same as beside the report.

    Each handful is a transaction of its own: however slowly somebody reads, none is held for it.
    """
    fields = SYSTEMS[seen.system].fields
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow((*fields, *NOTES))
    while handful:
        for row in handful:
            cells = (row["fields"].get(name) for name in fields)
            notes = (row["position"], row["reason_code"], row["reason"], one_line(row["raw"]))
            writer.writerow(map(guarded, (*cells, *notes)))
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        full = len(handful) == _ROWS_AT_ONCE
        handful = _quarantined(seen, handful[-1]["position"]) if full else []
    # Of a run without rows: the header.
    yield buffer.getvalue()


@app.get("/nights")
def list_nights(user: GetUserDep, rows: Page = 60) -> Answer:
    """The last nights of each system: what was measured, what was found, by how much it was off."""
    dag_ids = access.readable_dags(user)

    def ask(each: str) -> list[Row]:
        drifts: dict[str, Row] = {}
        for found in books.rows(each, "list_drift", dag_ids=dag_ids, rows=rows):
            drifts.setdefault(found["night_id"], {})[found["currency_code"] or ""] = found["drift"]
        return [
            night | {"drift": drifts.get(night["night_id"], {})}
            for night in books.rows(each, "list_nights", dag_ids=dag_ids, rows=rows)
        ]

    answers, absent = books.from_each(ask, list(SYSTEMS))
    return Answer({"nights": answers, "absent": absent})


@app.get("/nights/{system}/{night_id}")
def read_night(
    seen: SeenNight,
    user: GetUserDep,
    rows: Page = 50,
    after_severity: str | None = None,
    after_check: str = "",
    after: int = 0,
) -> Answer:
    """A page of what a night found, from behind a finding, and the night's files.

    `after` is that finding's number in its check; `next` says where this page ends.
    """
    found = books.rows(
        seen.system, "list_findings", night_id=seen.name, after_severity=after_severity,
        after_check=after_check, after=after, rows=rows + 1,
    )  # fmt: skip
    shown = found[:rows]
    last = shown[-1] if len(found) > rows else None
    may_see_files = access.may_trigger(user, seen.dag_id)
    return Answer(
        {
            "findings": shown,
            "next": last
            and {
                "after_severity": last["severity"],
                "after_check": last["check_name"],
                "after": last["number"],
            },
            "files": reports.of_night(seen.name) if may_see_files else {},
        }
    )


@app.get("/reports/{system}/{path:path}")
def read_report(system: str, path: str, user: GetUserDep) -> Response:
    """A file of a run's or a night's report or Data Docs."""
    name = reports.subject(path)
    if not name:
        raise HTTPException(404, "There is no such report.")
    _need_rows(_see(system, name, user), user)
    found = reports.served(path)
    if found is None:
        raise HTTPException(404, "There is no such report.")
    return found


@app.get("/runbook/{state}")
def read_runbook(state: str, dark: bool = False) -> Response:
    """The runbook, for a frame that shows what it says about a state."""
    found = reports.runbook(state, dark)
    if found is None:
        raise HTTPException(404, f"The runbook has no page for {state}.")
    return found
