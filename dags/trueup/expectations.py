"""Asks Great Expectations what must be true, and writes its Data Docs."""

import logging
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import yaml
from psycopg import ClientCursor, Connection
from psycopg.conninfo import conninfo_to_dict

from trueup import errors, statements
from trueup.errors import OperationalFailure

EXPECTATIONS_FOLDER = Path(__file__).resolve().parents[2] / "include" / "expectations"

# The sessions of Great Expectations only look. Read-only, they cannot even leave a temporary table.
_SESSION_OPTIONS = "-c default_transaction_read_only=on -c timezone=UTC -c lock_timeout=10s"

_OBSERVED_CHARACTERS = 400


class Subject(NamedTuple):
    """What is asked about: a run, or a night.

    folder: where its statements lie, below `include/sql/`
    values: what they bind; figures: what a suite may compare with
    """

    name: str
    folder: str
    values: dict[str, Any]
    figures: dict[str, int]


class Result(NamedTuple):
    """What one expectation found; `observed` is a short text for the report."""

    suite: str
    expectation: str
    severity: str
    success: bool
    observed: str


class Answers(NamedTuple):
    """All results, and where the Data Docs lie: the index, and a page for each suite.

    The index fetches its script from the net; the pages read without it.
    """

    results: list[Result]
    index: str
    pages: dict[str, str]


def ask(
    connection: Connection, subject: Subject, suites: dict[str, Any], conninfo: str, docs: Path
) -> Answers:
    """Ask what the suites ask for, and write the Data Docs of the subject: a site of its own.

    Raises OperationalFailure when a question could not be asked.
    """
    site = docs / subject.name
    shutil.rmtree(site, ignore_errors=True)
    results = _run_checkpoint(
        connection, subject, sqlalchemy_url(connection, conninfo), suites, site
    )
    pages = {
        page.relative_to(site).parts[1]: str(page)
        for page in sorted((site / "validations").rglob("*.html"))
    }
    return Answers(results, str(site / "index.html"), pages)


def suites_of(name: str) -> dict[str, Any]:
    """The suites of a file in `include/expectations/`."""
    return yaml.safe_load((EXPECTATIONS_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


def _run_checkpoint(
    connection: Connection, subject: Subject, url: str, suites: dict[str, Any], site: Path
) -> list[Result]:
    """Build and run one checkpoint with a validation for each suite."""
    # Seconds to import, and it talks much: never at the top of a module.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    import great_expectations as gx
    from great_expectations.exceptions import GreatExpectationsError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        # It prints advice about queries that do not name their batch; ours look at whole books.
        with redirect_stdout(StringIO()):
            context = _context(gx, site)
            source = context.data_sources.add_postgres(subject.folder, connection_string=url)
            with _closing(source):
                checkpoint = _checkpoint(gx, context, source, connection, subject, suites)
                outcome = checkpoint.run(
                    expectation_parameters=subject.figures,
                    run_id=gx.RunIdentifier(run_name=subject.name),
                )
    except (OSError, SQLAlchemyError, GreatExpectationsError) as error:
        raise _unasked("The expectations", str(error)) from error
    answers = {
        (validation.suite_name, each.expectation_config.description): each
        for validation in outcome.run_results.values()
        for each in validation.results
    }
    return [
        _read_result(connection, subject, suite, said, answers[suite, said["name"]])
        for suite in suites
        for said in suites[suite]["expectations"]
    ]


def _context(gx: Any, site: Path) -> Any:
    """A context that keeps everything in memory but the docs, and sends nothing to anyone."""
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(site)}
    docs = {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": store,
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder", "show_cta_footer": False},
    }
    return gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            analytics_enabled=False,
            progress_bars=ProgressBarsConfig(globally=False),
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            data_docs_sites={"run": docs},
        ),
    )


def _checkpoint(
    gx: Any,
    context: Any,
    source: Any,
    connection: Connection,
    subject: Subject,
    suites: dict[str, Any],
) -> Any:
    """One validation for each suite, and the docs after them."""
    return context.checkpoints.add(
        gx.Checkpoint(
            name=subject.name,
            validation_definitions=[
                _validation(gx, context, source, connection, subject, name, suite)
                for name, suite in suites.items()
            ],
            actions=[gx.checkpoint.UpdateDataDocsAction(name="data_docs")],
            # Only counts: texts of a source have no business in pages that do not escape them.
            result_format={"result_format": "BASIC", "partial_unexpected_count": 0},
        )
    )


def _validation(
    gx: Any,
    context: Any,
    source: Any,
    connection: Connection,
    subject: Subject,
    name: str,
    suite: dict[str, Any],
) -> Any:
    """Give a suite and the rows that it looks at to the context."""
    rows = source.add_query_asset(name, query=_query(connection, subject, suite["rows"]))
    added = context.suites.add(
        gx.ExpectationSuite(
            name=name,
            expectations=[
                _expectation(gx, connection, subject, each) for each in suite["expectations"]
            ],
        )
    )
    return context.validation_definitions.add(
        gx.ValidationDefinition(
            name=name, data=rows.add_batch_definition_whole_table("whole"), suite=added
        )
    )


def _expectation(gx: Any, connection: Connection, subject: Subject, said: dict[str, Any]) -> Any:
    """Make an expectation of what the suite file says."""
    arguments = {
        key: value for key, value in said.items() if key not in ("name", "type", "no_rows", "with")
    }
    arguments["description"] = said["name"]
    if "no_rows" in said:
        query = _query(connection, subject, said["no_rows"], said.get("with"))
        # The query goes through str.format, where a brace would be a field.
        escaped = query.replace("{", "{{").replace("}", "}}")
        return gx.expectations.UnexpectedRowsExpectation(unexpected_rows_query=escaped, **arguments)
    # expect_column_values_to_be_unique → ExpectColumnValuesToBeUnique
    class_name = "".join(word.capitalize() for word in said["type"].split("_"))
    return getattr(gx.expectations, class_name)(**arguments)


def _query(
    connection: Connection,
    subject: Subject,
    name: str,
    values: dict[str, Any] | None = None,
) -> str:
    """A statement with its values bound as literals: Great Expectations takes no parameters.

    The driver quotes them; what it leaves is text that a person can copy from the docs and run.
    """
    bound = ClientCursor(connection).mogrify(
        statements.text(f"{subject.folder}/{name}"),
        {**subject.values, **(values or {})},
    )
    without_comment = re.sub(r"\A(?:--.*\n)+", "", bound)
    # A lone colon before a word would be a parameter to SQLAlchemy.
    return re.sub(r"(?<![:\\\w]):(?=\w)", r"\\:", without_comment).strip()


def _read_result(
    connection: Connection, subject: Subject, suite: str, said: dict[str, Any], answer: Any
) -> Result:
    """Say what an expectation found. Raises OperationalFailure when it could not be asked."""
    trouble = answer.exception_info or {}
    # One question's trouble, or that of each figure that it needed.
    for info in [trouble] if "raised_exception" in trouble else trouble.values():
        if info.get("raised_exception"):
            what = f"The expectation “{said['name']}”"
            raise _unasked(what, str(info.get("exception_message")))
    return Result(
        suite,
        said["name"],
        said["severity"],
        bool(answer.success),
        _observed(connection, subject, said, answer),
    )


def _unasked(what: str, message: str) -> errors.TrueupError:
    """Why a question got no answer; what the database said keeps its place in the tree of errors.

    Great Expectations hands errors on as texts: "(psycopg.errors.AdminShutdown) terminating …".
    """
    found = re.search(r"\(psycopg\.(?:errors\.)?(\w+)\) ([^\n]*)", message)
    kind = getattr(psycopg.errors, found[1], None) if found else None
    if found and isinstance(kind, type) and issubclass(kind, psycopg.Error):
        named = errors.from_database(kind(found[2]))
        return type(named)(f"{what} could not be asked. {named}")
    sentence = message.strip().splitlines()[0] if message.strip() else "No reason was given."
    return OperationalFailure(f"{what} could not be asked: {sentence}")


def _observed(connection: Connection, subject: Subject, said: dict[str, Any], answer: Any) -> str:
    """A short text: what was seen, and the first row that should not be there."""
    found = answer.result
    if "unexpected_count" in found:
        rows = f"{found['element_count']:,} rows"
        return f"all {rows}" if answer.success else f"not {found['unexpected_count']:,} of {rows}"
    rows = found["observed_value"]
    if "no_rows" not in said:
        wanted = answer.expectation_config.kwargs["value"]
        return f"{rows:,} rows" if answer.success else f"{rows:,} rows instead of {wanted:,}"
    if answer.success:
        return "no such rows"
    first = connection.execute(
        statements.text(f"{subject.folder}/{said['no_rows']}"),
        {**subject.values, **said.get("with", {})},
    ).fetchone()
    if first is None:
        return f"{rows:,} rows"
    words = ", ".join(f"{key} {value}" for key, value in first._asdict().items())
    return f"{rows:,} rows; the first: {words}"[:_OBSERVED_CHARACTERS]


@contextmanager
def _closing(source: Any) -> Iterator[None]:
    """Let every connection of a data source go, whatever came of the checkpoint."""
    try:
        yield
    finally:
        source.get_engine().dispose()
        source.get_execution_engine().engine.dispose()


def sqlalchemy_url(connection: Connection, conninfo: str) -> str:
    """The connection as SQLAlchemy's URL, every character of it quoted.

    What conninfo leaves open, or open between several servers, is as in the given connection.
    """
    from sqlalchemy import URL

    here = connection.info
    parts: dict[str, Any] = {key: str(value) for key, value in conninfo_to_dict(conninfo).items()}
    if "," in parts.get("host", ",") or "," in parts.get("hostaddr", ""):
        parts.pop("hostaddr", None)
        parts |= {"host": here.host, "port": str(here.port)}
    url = URL.create(
        "postgresql+psycopg",
        username=parts.pop("user", here.user),
        password=parts.pop("password", here.password or None),
        # Great Expectations wants a host here; the query's, which may be a folder, is the true one.
        host="localhost",
        database=parts.pop("dbname", here.dbname),
        query={"port": "5432"}
        | parts
        | {
            "application_name": "trueup expect",
            "options": _SESSION_OPTIONS,
            "connect_timeout": "10",
        },
    ).render_as_string(hide_password=False)
    # SQLAlchemy leaves a space in a name or password as it is; Great Expectations takes none.
    return url.replace(" ", "%20")
