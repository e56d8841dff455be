"""Asks a Great Expectations checkpoint whether staging and books are what they must be."""

import logging
import re
import shutil
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
import yaml
from psycopg import ClientCursor, Connection
from psycopg.conninfo import conninfo_to_dict

from trueup import journal, statements
from trueup.errors import DataFailure, OperationalFailure, Transient
from trueup.journal import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

EXPECTATIONS_FOLDER = Path(__file__).resolve().parents[3] / "include" / "expectations"

# The sessions of Great Expectations only look. Read-only, they cannot even leave a temporary table.
_SESSION_OPTIONS = "-c default_transaction_read_only=on -c timezone=UTC -c lock_timeout=10s"

_OBSERVED_CHARACTERS = 400


class _Result(NamedTuple):
    """What one expectation found; `observed` is a short text for the report."""

    suite: str
    expectation: str
    severity: str
    success: bool
    observed: str


def expect(connection: Connection, run: Run, conninfo: str, docs_folder: Path) -> dict[str, Any]:
    """Run the system's expectations, keep every result, and write Data Docs for this run.

    The docs are a site of their own in `docs_folder/<run_id>/`. Raises DataFailure naming the first
    critical expectation that failed, OperationalFailure when one could not be asked or when staging
    was lost in a database crash. Changes nothing but the journal; safe to repeat.
    """
    _check_staging(connection, run)
    site = docs_folder / run.run_id
    shutil.rmtree(site, ignore_errors=True)
    suites = yaml.safe_load(
        (EXPECTATIONS_FOLDER / f"{run.system.name}.yaml").read_text(encoding="utf-8")
    )
    results = _run_checkpoint(connection, run, _url(connection, conninfo), suites, site)
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
    index = site / "index.html"
    outcome = {
        "expectations": len(results),
        "failed": len(critical),
        "warnings": len(failed) - len(critical),
        "data_docs": str(index),
        # The index fetches its script from the net; these pages read without it.
        "pages": [str(page) for page in sorted((site / "validations").rglob("*.html"))],
    }
    journal.add_figures(connection, run, expectations=outcome)
    journal.log(
        connection,
        run,
        f"Expected: {len(results) - len(failed)} of {len(results)} expectations hold; of the others "
        f"{len(critical)} are critical."
        if failed
        else f"Expected: all {len(results)} expectations hold.",
        data_docs=str(index),
    )
    if critical:
        first = critical[0]
        raise DataFailure(
            f"{len(critical)} critical expectations failed; the first is "
            f"“{first.expectation}”: {first.observed}"
        )
    return outcome


def _check_staging(connection: Connection, run: Run) -> None:
    """An unlogged staging is empty after a database crash; that says nothing about the books."""
    control = statements.fetch_one(
        connection, f"{run.system.name}/ingest/control_staged", run_id=run.run_id
    )
    staged = (control.staged_rows, control.staged_hash)
    prepared = statements.fetch_one(
        connection, f"{run.system.name}/validate/has_prepared", run_id=run.run_id
    ).found
    lost = staged != (run.row.staged_rows, run.row.staged_hash)
    if lost or not prepared:
        raise OperationalFailure(
            f"The staging of run {run.run_id} is not what was staged, probably after a crash of the "
            "database. The postings stand; trigger the same run again, it stages the source anew."
        )


def _run_checkpoint(
    connection: Connection, run: Run, url: str, suites: dict[str, Any], site: Path
) -> list[_Result]:
    """Build and run one checkpoint with a validation for each suite.

    Raises OperationalFailure when a question could not be asked.
    """
    # Seconds to import, and it talks much: never at the top of a module.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    import great_expectations as gx
    from great_expectations.checkpoint import UpdateDataDocsAction
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    # It prints advice about queries that do not name their batch; ours look at the whole books.
    with redirect_stdout(StringIO()):
        context = gx.get_context(
            mode="ephemeral",
            project_config=DataContextConfig(
                analytics_enabled=False,
                progress_bars=ProgressBarsConfig(globally=False),
                store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
                data_docs_sites={"run": _docs_site(site)},
            ),
        )
        source = context.data_sources.add_postgres(run.system.name, connection_string=url)
        validations = [
            _validation(gx, context, source, connection, run, name, suite)
            for name, suite in suites.items()
        ]
        checkpoint = context.checkpoints.add(
            gx.Checkpoint(
                name=run.run_id,
                validation_definitions=validations,
                actions=[UpdateDataDocsAction(name="data_docs")],
                # Only counts: texts of a source have no business in pages that do not escape them.
                result_format={"result_format": "BASIC", "partial_unexpected_count": 0},
            )
        )
        with _closing(source):
            outcome = checkpoint.run(
                expectation_parameters=_figures(connection, run),
                run_id=gx.RunIdentifier(run_name=run.run_id),
            )
    return [
        _read_result(connection, run, validation, suites[validation.suite_name], each)
        for validation in outcome.run_results.values()
        for each in validation.results
    ]


def _validation(
    gx: Any,
    context: Any,
    source: Any,
    connection: Connection,
    run: Run,
    name: str,
    suite: dict[str, Any],
) -> Any:
    """Give a suite and the rows that it looks at to the context."""
    rows = source.add_query_asset(name, query=_query(connection, run, suite["rows"]))
    added = context.suites.add(
        gx.ExpectationSuite(
            name=name,
            expectations=[
                _expectation(gx, connection, run, each) for each in suite["expectations"]
            ],
        )
    )
    return context.validation_definitions.add(
        gx.ValidationDefinition(
            name=name, data=rows.add_batch_definition_whole_table("whole"), suite=added
        )
    )


def _expectation(gx: Any, connection: Connection, run: Run, said: dict[str, Any]) -> Any:
    """Make an expectation of what the suite file says."""
    arguments = {
        key: value for key, value in said.items() if key not in ("name", "type", "no_rows")
    }
    arguments["description"] = said["name"]
    if "no_rows" in said:
        query = _query(connection, run, said["no_rows"])
        # The query goes through str.format, where a brace would be a field.
        escaped = query.replace("{", "{{").replace("}", "}}")
        return gx.expectations.UnexpectedRowsExpectation(
            unexpected_rows_query=escaped, **arguments
        )
    # expect_column_values_to_be_unique → ExpectColumnValuesToBeUnique
    class_name = "".join(word.capitalize() for word in said["type"].split("_"))
    return getattr(gx.expectations, class_name)(**arguments)


def _query(connection: Connection, run: Run, name: str) -> str:
    """A statement with its values bound as literals: Great Expectations takes no parameters.

    The driver quotes them; what it leaves is text that a person can copy from the docs and run.
    """
    bound = ClientCursor(connection).mogrify(
        statements.text(f"{run.system.name}/{name}"),
        {"run_id": run.run_id, "high_water_entry_id": run.row.high_water_entry_id},
    )
    without_comment = re.sub(r"\A(?:--.*\n)+", "", bound)
    # A lone colon before a word would be a parameter to SQLAlchemy.
    return re.sub(r"(?<![:\\\w]):(?=\w)", r"\\:", without_comment).strip()


def _read_result(
    connection: Connection, run: Run, validation: Any, suite: dict[str, Any], each: Any
) -> _Result:
    """Say what an expectation found. Raises OperationalFailure when it could not be asked."""
    name = each.expectation_config.description
    trouble = each.exception_info or {}
    infos = [trouble] if "raised_exception" in trouble else list(trouble.values())
    for info in infos:
        if info.get("raised_exception"):
            _raise_unasked(name, info)
    said = next(said for said in suite["expectations"] if said["name"] == name)
    return _Result(
        validation.suite_name,
        name,
        said["severity"],
        bool(each.success),
        _observed(connection, run, said, each),
    )


def _raise_unasked(name: str, info: dict[str, Any]) -> None:
    sentence = str(info.get("exception_message", "")).strip().splitlines()
    words = f"The expectation “{name}” could not be asked: {sentence[0] if sentence else 'unknown'}"
    broken = ("OperationalError", "InterfaceError")
    if any(kind in str(info) for kind in broken):
        raise Transient(words)
    raise OperationalFailure(words)


def _observed(connection: Connection, run: Run, said: dict[str, Any], each: Any) -> str:
    """A short text: what was seen, and the first row that should not be there."""
    found = each.result
    if "no_rows" not in said:
        if "unexpected_count" in found:
            return f"{found['unexpected_count']} of {found['element_count']} rows unexpected"
        return f"{found['observed_value']}"
    if each.success:
        return "no such rows"
    rows = found["observed_value"]
    first = connection.execute(
        statements.text(f"{run.system.name}/{said['no_rows']}"),
        {"run_id": run.run_id, "high_water_entry_id": run.row.high_water_entry_id},
    ).fetchone()
    if first is None:
        return f"{rows} rows"
    words = ", ".join(f"{key} {value}" for key, value in first._asdict().items())
    return f"{rows} rows; the first: {words}"[:_OBSERVED_CHARACTERS]


def _figures(connection: Connection, run: Run) -> dict[str, int]:
    """The figures of the run that a suite may compare with."""
    row = journal.read_run(connection, run.run_id).row
    return {"total_to_process": row.total_to_process, "total_posted": row.total_posted}


def _docs_site(site: Path) -> dict[str, Any]:
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(site),
        },
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }


@contextmanager
def _closing(source: Any) -> "Iterator[None]":
    """Let every connection of a data source go, whatever came of the checkpoint."""
    try:
        yield
    finally:
        source.get_engine().dispose()
        source.get_execution_engine().engine.dispose()


def _url(connection: Connection, conninfo: str) -> str:
    """The connection as SQLAlchemy's URL, every character of it quoted."""
    from sqlalchemy import URL

    parts: dict[str, Any] = {key: str(value) for key, value in conninfo_to_dict(conninfo).items()}
    host = parts.pop("host", None)
    port = parts.pop("port", None)
    # A socket's folder and several hosts have no place in a URL's authority.
    if host and (host.startswith(("/", "@")) or "," in host or "," in (port or "")):
        parts |= {"host": host} | ({"port": port} if port else {})
        host = port = None
    return URL.create(
        "postgresql+psycopg",
        username=parts.pop("user", None) or connection.info.user,
        password=parts.pop("password", None),
        host=host,
        port=int(port) if port else None,
        database=parts.pop("dbname", None) or connection.info.dbname,
        query=parts
        | {
            "application_name": "trueup expect",
            "options": _SESSION_OPTIONS,
            "connect_timeout": "10",
        },
    ).render_as_string(hide_password=False)
