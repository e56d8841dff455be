"""What a plan names: files below the allowed roots, or a source behind a connection."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from trueup import fingerprints
from trueup.errors import Refused
from trueup.plan import Plan
from trueup.sources import scb
from trueup.sources.csv import CsvSource
from trueup.sources.database import DatabaseSource
from trueup.sources.endpoints import Endpoint, Endpoints
from trueup.sources.extracts import Extract
from trueup.sources.http_api import ApiSource
from trueup.sources.json_lines import JsonLinesSource
from trueup.sources.mapping import Mapping, load_mapping
from trueup.sources.parquet import ParquetSource
from trueup.sources.roots import resolve_source, source_roots_from_environment

FileSource = CsvSource | JsonLinesSource | ParquetSource

_FILE_SOURCES: dict[str, type[FileSource]] = {
    "CSV": CsvSource,
    "JSONL": JsonLinesSource,
    "PARQUET": ParquetSource,
}


@dataclass(frozen=True)
class SourceFiles:
    """Where a run's rows and reference files lie: `source` is a file, `extract` is read through a
    connection; neither, when they are derived from the books' own database.

    Nothing but regular files below the roots ever gets in here.
    """

    kind: str
    name: str
    source: Path | None
    extract: Extract | None
    accounts: Path | None
    expected_balances: Path | None
    mapping: Mapping

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the source file, or of what is read from where."""
        if self.extract:
            return self.extract.fingerprint
        if self.source:
            return fingerprints.of_file(self.source)
        return fingerprints.of_plan(self.kind, self.name)

    @cached_property
    def accounts_fingerprint(self) -> str:
        """SHA-256 of the accounts file; empty when there is none."""
        return fingerprints.of_file(self.accounts) if self.accounts else ""

    @property
    def source_bytes(self) -> int:
        """The size of the source file; 0 where nobody can tell."""
        return self.source.stat().st_size if self.source else 0

    def open(self) -> FileSource:
        """Open the source file; raises Refused when its header or its text is unusable."""
        assert self.source is not None, "only a file is opened"
        return _FILE_SOURCES[self.kind](self.source, self.mapping)

    def about(self) -> dict[str, Any]:
        """What the audit tells of the source; raises Refused when it cannot be used."""
        if self.extract:
            return self.extract.about()
        return self.open().about() if self.source else {"ignored_columns": []}


def no_endpoints(connection_id: str) -> Endpoint:
    """Where there are no connections, none is found."""
    raise Refused(f"There is no Airflow connection {connection_id!r}.")


def locate(plan: Plan, endpoints: Endpoints = no_endpoints) -> SourceFiles:
    """Find what a plan names. Raises Refused, with what to do, for all that is not usable."""
    roots = source_roots_from_environment()

    def find(name: str | None) -> Path | None:
        return resolve_source(name, roots) if name else None

    mapping = load_mapping(find(plan.mapping))
    return SourceFiles(
        kind=plan.source_type,
        name=plan.source,
        source=None if plan.is_extracted or plan.derived_from else find(plan.source),
        extract=_extract(plan, mapping, endpoints) if plan.is_extracted else None,
        accounts=find(plan.accounts),
        expected_balances=find(plan.expected_balances),
        mapping=mapping,
    )


def _extract(plan: Plan, mapping: Mapping, endpoints: Endpoints) -> Extract:
    assert plan.source_connection, "the plan was checked"
    endpoint = endpoints(plan.source_connection)
    if plan.source_type == "DATABASE":
        return DatabaseSource(endpoint, plan.source, plan.key_column, mapping)
    asked: dict[str, str] = {}
    path = plan.source
    if plan.source_type == "SCB":
        asked, path = scb.window(plan), scb.path(plan, plan.source)
    return ApiSource(endpoint, path, mapping, plan.max_retries, plan.retry_delay, asked)
