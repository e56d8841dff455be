"""A night: one look at a system's books in one snapshot, what it found, and the trend."""

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from psycopg import Connection, sql
from psycopg.types.json import Jsonb

from trueup import statements
from trueup.errors import Refused
from trueup.systems import System

# Beyond this, a check's findings are counted and added up, and no longer kept one by one.
FINDINGS_KEPT = 10_000

# Checks that every system has; a system's own are its statements nightly/find_<name>.sql.
_COMMON_CHECKS = ("stalled_runs", "waiting_runs")


class Night(NamedTuple):
    """A night as it was kept. `figures` has what was measured, now and the night before, and the
    drift: for each currency, by how much the books were off."""

    night_id: str
    system: str
    looked_at: datetime
    status: str
    in_flight: list[str]
    figures: dict[str, Any]

    @property
    def is_clean(self) -> bool:
        """Whether nothing critical was found."""
        return self.status == "clean"


def look(
    connection: Connection,
    system: System,
    dag_id: str,
    airflow_run_id: str,
    learn_anew: bool = False,
) -> Night:
    """Look at the books with every check of the system, keep what was found, and give the night.

    All checks look in one snapshot; a night on which a run was in flight says so. learn_anew: what
    stands without an entry is taken for right from now on.
    """
    night_id = f"night-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    with statements.snapshot(connection):
        statements.fetch_one(
            connection,
            "trueup/nightly/insert_night",
            night_id=night_id,
            system=system.name,
            dag_id=dag_id,
            airflow_run_id=airflow_run_id,
        )
        if learn_anew:
            _learn(connection, system, night_id, anew=True)
        kept = {
            name: _keep_findings(connection, system, night_id, name, statement)
            for name, statement in _checks(system)
        }
        measured = statements.fetch_one(connection, f"{system.name}/nightly/measure")._asdict()
        figures = {
            "findings": {name: found.findings for name, found in kept.items()},
            "drift": _drift(found.drift or {} for found in kept.values()),
            "measured": measured,
            "trend": _trend(connection, system, night_id, measured),
        }
        statements.execute(
            connection, "trueup/nightly/save_night", night_id=night_id, figures=Jsonb(figures)
        )
        _learn(connection, system, night_id, anew=False)
    return read(connection, night_id)


def read(connection: Connection, night_id: str) -> Night:
    """Read a night. Raises Refused when there is none of that id."""
    row = statements.fetch_one(connection, "trueup/nightly/read_night", night_id=night_id)
    if row is None:
        raise Refused(f"There is no night {night_id} in this database.")
    return Night(*row)


def findings(connection: Connection, night_id: str) -> list[Any]:
    """What a night found, the gravest first; amounts as texts."""
    return statements.fetch_all(connection, "trueup/nightly/list_findings", run_id=night_id)


def sentence(night: Night) -> str:
    """What a night found, for a log and an alert."""
    found = {name: count for name, count in night.figures["findings"].items() if count}
    words = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in found.items())
    aside = f" Runs were in flight: {', '.join(night.in_flight)}." if night.in_flight else ""
    return (
        f"The books of {night.system} at {night.looked_at:%Y-%m-%d %H:%M} UTC are {night.status}: "
        f"{words or 'nothing was found'}.{aside}"
    )


def _checks(system: System) -> Iterable[tuple[str, str]]:
    """Each check's name and its statement."""
    for name in _COMMON_CHECKS:
        yield name, f"trueup/nightly/find_{name}"
    for name in system.nightly_checks:
        yield name, f"{system.name}/nightly/find_{name}"


def _keep_findings(
    connection: Connection, system: System, night_id: str, name: str, statement: str
) -> Any:
    """Look with one check: how much it found, and the drift in it, currency → decimal text."""
    return statements.execute_composed(
        connection,
        "trueup/nightly/keep_findings",
        {"check": sql.SQL(statements.text(statement))},
        system=system.name,
        night_id=night_id,
        check_name=name,
        kept=FINDINGS_KEPT,
    ).fetchone()


def _drift(by_check: Iterable[dict[str, str]]) -> dict[str, str]:
    """By how much each currency is off. Several checks may see the same: what counts is the check
    that saw most."""
    most: dict[str, str] = {}
    for drift in by_check:
        for currency, amount in drift.items():
            most[currency] = max(most.get(currency, "0"), amount, key=Decimal)
    return most


def _trend(
    connection: Connection, system: System, night_id: str, measured: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """Each figure now, the night before, and what it changed by; empty on the first night."""
    previous = statements.fetch_one(
        connection, "trueup/nightly/read_previous", system=system.name, night_id=night_id
    )
    if previous is None:
        return {}
    before = previous.figures["measured"]
    return {
        name: {"before": before.get(name), "now": now, "change": _change(before.get(name), now)}
        for name, now in measured.items()
    }


def _change(before: Any, now: Any) -> Any:
    """The difference of two counts, or of each amount of two tables of amounts."""
    if isinstance(now, dict):
        return {
            key: str(Decimal(now.get(key, "0")) - Decimal((before or {}).get(key, "0")))
            for key in sorted({*now, *(before or {})})
        }
    return now - (before or 0)


def _learn(connection: Connection, system: System, night_id: str, anew: bool) -> None:
    if system.has("nightly/learn_openings"):
        statements.execute(
            connection, f"{system.name}/nightly/learn_openings", night_id=night_id, anew=anew
        )
