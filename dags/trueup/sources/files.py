"""The files that a plan names: found below the allowed roots, and fingerprinted."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from trueup import fingerprints
from trueup.plan import Plan
from trueup.sources.csv import CsvSource
from trueup.sources.mapping import Mapping, load_mapping
from trueup.sources.roots import resolve_source, source_roots_from_environment


@dataclass(frozen=True)
class SourceFiles:
    """Where a run's files lie. Nothing but regular files below the roots ever gets in here."""

    source: Path
    accounts: Path | None
    expected_balances: Path | None
    mapping: Mapping

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the source file."""
        return fingerprints.of_file(self.source)

    @cached_property
    def accounts_fingerprint(self) -> str:
        """SHA-256 of the accounts file; empty when there is none."""
        return fingerprints.of_file(self.accounts) if self.accounts else ""

    def open(self) -> CsvSource:
        """Open the source; raises Refused when its header or its text is unusable."""
        return CsvSource(self.source, self.mapping)


def locate(plan: Plan) -> SourceFiles:
    """Find a plan's files. Raises Refused, with what to do, for every file that is not usable."""
    roots = source_roots_from_environment()

    def find(name: str | None) -> Path | None:
        return resolve_source(name, roots) if name else None

    return SourceFiles(
        source=resolve_source(plan.source, roots),
        accounts=find(plan.accounts),
        expected_balances=find(plan.expected_balances),
        mapping=load_mapping(find(plan.mapping)),
    )
