"""Asks a Great Expectations checkpoint whether staging and books are what they must be."""

import logging
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection

from trueup import expectations, journal, statements, steps
from trueup.errors import DataFailure, OperationalFailure
from trueup.expectations import Subject
from trueup.journal import Run

log = logging.getLogger(__name__)


def expect(connection: Connection, run: Run, conninfo: str, docs_folder: Path) -> dict[str, Any]:
    """Run the system's expectations, keep every result, and write Data Docs for this run.

    The docs are a site of their own in `docs_folder/<run_id>/`. Raises DataFailure naming the first
    critical expectation that failed, OperationalFailure when one could not be asked or when staging
    was lost in a database crash. Changes nothing but the journal; safe to repeat.
    """
    if journal.is_cut_over(run):
        return run.row.figures["expectations"]
    _check_staging(connection, run)
    _try_out(connection, run)
    suites = expectations.suites_of(run.system.name)
    answers = expectations.ask(connection, _subject(connection, run), suites, conninfo, docs_folder)
    results = answers.results
    with connection.transaction():
        for result in results:
            statements.execute(
                connection,
                "trueup/journal/insert_expectation_result",
                run_id=run.run_id,
                **result._asdict(),
            )
    failed = [result for result in results if not result.success]
    critical = [result for result in failed if result.severity == "critical"]
    for result in failed:
        log.warning("%s (%s): %s", result.expectation, result.severity, result.observed)
    outcome = {
        "expectations": len(results),
        "failed": len(critical),
        "warnings": len(failed) - len(critical),
        "data_docs": answers.index,
        "suites": answers.pages,
    }
    journal.add_figures(connection, run, expectations=outcome)
    journal.log(
        connection,
        run,
        f"Expected: {len(results) - len(failed)} of {len(results)} expectations hold, "
        f"{len(critical)} critical and {len(failed) - len(critical)} others do not.",
        data_docs=answers.index,
    )
    if critical:
        first = critical[0]
        raise DataFailure(
            f"{len(critical)} critical expectations failed; the first is "
            f"“{first.expectation}”: {first.observed}"
        )
    return outcome


def _try_out(connection: Connection, run: Run) -> None:
    """Keep what trying finds, for the suites to ask: they only read. What is written is undone."""
    if not run.system.has("expect/try_out"):
        return
    with connection.transaction() as trial:
        tried = steps.fetch_all(connection, run, "expect/try_out")
        raise psycopg.Rollback(trial)
    journal.add_figures(connection, run, tried=[row._asdict() for row in tried])


def _subject(connection: Connection, run: Run) -> Subject:
    row = journal.read_run(connection, run.run_id).row
    return Subject(
        name=run.run_id,
        folder=run.system.name,
        values={"run_id": run.run_id, "high_water_entry_id": run.row.high_water_entry_id},
        figures={"total_to_process": row.total_to_process, "total_posted": row.total_posted},
    )


def _check_staging(connection: Connection, run: Run) -> None:
    """An unlogged staging is empty after a database crash; that says nothing about the books."""
    control = statements.fetch_one(
        connection, f"{run.system.name}/ingest/control_staged", run_id=run.run_id
    )
    staged = (control.staged_rows, control.staged_hash)
    if staged != (run.row.staged_rows, run.row.staged_hash):
        raise OperationalFailure(
            f"The staging of run {run.run_id} is no longer what was staged, probably after a crash "
            "of the database. The postings stand; trigger the same run again to stage it anew."
        )
