"""Asks the database for everything that a run left behind."""

from datetime import UTC, datetime
from typing import Any

from psycopg import Connection

from trueup import statements
from trueup.journal import Run

FIRST_QUARANTINED = 100
RAW_CHARACTERS = 400
# A report is read by people; programs find all breaks in the view.
FIRST_BREAKS = 10_000
SLOWEST_BATCHES = 5

Facts = dict[str, Any]


def gather(connection: Connection, run: Run) -> Facts:
    """Give all facts of a run, ready for JSON once times are made text.

    Money is decimal text in units of its currency, counts are rows, keys are source positions.
    Works for a run in any status: what the run did not come to is None or an empty list.
    """
    row = run.row
    overview = _one(connection, "trueup/report/read_overview", run)
    figures = row.figures
    return {
        "run_id": row.run_id,
        "dag_id": row.dag_id,
        "system": row.system,
        "status": row.status,
        "stage": row.stage,
        "dry_run": row.dry_run,
        "failure": row.failure,
        "message": row.message,
        "asked": {
            "source": row.source,
            "source_id": row.source_id,
            "source_type": row.source_type,
            "source_fingerprint": row.source_fingerprint,
            "mapping": run.plan.mapping,
            "mapping_fingerprint": row.mapping_fingerprint,
            "code_fingerprint": row.code_fingerprint or None,
            "started_by": row.started_by,
            "started_at": row.started_at,
            "finished_at": row.finished_at,
            "seconds": _seconds(row),
            "params": params(run),
            # Those that were asked for otherwise than the form has them.
            "given": figures.get("given"),
        },
        "attempts": _all(connection, "trueup/journal/list_attempts", run),
        "audit": figures.get("audit"),
        "totals": {
            "to_process": overview["total_to_process"],
            "left_out": row.left_out,
            "read": overview["total_read"],
            "posted": overview["total_posted"],
            "replayed": overview["total_replayed"],
            "quarantined": overview["total_quarantined"],
            "verdicts": figures.get("verdicts"),
            "to_post": figures.get("totals", []),
            "trial_balance": figures.get("trial_balance", []),
            "would_overdraw": figures.get("would_overdraw", []),
            "executed": figures.get("executed"),
            "left_aside": figures.get("left_aside", []),
        },
        "breaks": _breaks(connection, run),
        "corrections": _all(connection, "trueup/journal/list_corrections", run),
        # None: there is no other ledger, or the run did not come to it.
        "compared": figures.get("compared"),
        "differences": _all(
            connection, "trueup/report/list_first_differences", run, rows=FIRST_BREAKS
        ),
        "quarantine": _quarantine(connection, run),
        "constraints": _constraints(connection, run),
        "expectations": {
            "results": _all(connection, "trueup/journal/list_expectation_results", run),
            **({"data_docs": None, "suites": {}} | figures.get("expectations", {})),
        },
        "state_hash": {"before": row.state_hash_before, "after": row.state_hash_after},
        # None: the system is not backed up, or the run did not come to it.
        "backup": figures.get("backup"),
        # What the way back did; None: there was none.
        "rollback": figures.get("rollback"),
        "digest": {
            "digest": row.digest,
            "asked_for": run.plan.approved_digest,
            "approved_by": row.approved_by,
            "approved_at": row.approved_at,
        },
        "batches": _batches(connection, run),
        "timeline": _all(connection, "trueup/journal/list_events", run),
        "reported_at": datetime.now(UTC),
    }


def params(run: Run) -> dict[str, Any]:
    """What was asked for, as a trigger would give it; nothing if the parameters were refused."""
    if not run.row.code_fingerprint:
        return {}
    values = run.plan.model_dump(mode="json")
    values["max_quarantined"] = str(run.plan.max_quarantined).removesuffix(" rows")
    return values


def minor_units(connection: Connection) -> dict[str, int]:
    """How many decimals each currency has; metals and units of account are not in it."""
    rows = statements.fetch_all(connection, "trueup/report/list_minor_units")
    return {row.code: row.minor_unit for row in rows}


def _seconds(row: Any) -> str:
    return f"{((row.finished_at or row.last_seen_at) - row.started_at).total_seconds():.1f}"


def _breaks(connection: Connection, run: Run) -> dict[str, Any]:
    rows = _all(connection, "trueup/report/list_first_breaks", run, rows=FIRST_BREAKS)
    return {
        # None: nothing was compared yet.
        "total": rows[0]["total"] if rows else run.row.breaks,
        "accepted": run.plan.accept_breaks,
        "expected_balances": _one(connection, "trueup/report/count_expected", run)["balances"],
        "largest": [{key: row[key] for key in row if key != "total"} for row in rows],
    }


def _quarantine(connection: Connection, run: Run) -> dict[str, Any]:
    reasons = _all(connection, "trueup/report/count_reasons", run)
    return {
        "rows": sum(each["rows"] for each in reasons),
        "limit": str(run.plan.max_quarantined),
        "reasons": reasons,
        "first": _all(
            connection,
            "trueup/report/list_first_quarantined",
            run,
            rows=FIRST_QUARANTINED,
            characters=RAW_CHARACTERS,
        ),
        "csv": f"{run.run_id}-quarantine.csv" if reasons else None,
    }


def _constraints(connection: Connection, run: Run) -> list[dict[str, Any]]:
    """The rules of the system as they stand now, and which of them this run added."""
    standing = {
        row.name: row
        for row in statements.fetch_all(connection, f"{run.system.name}/constrain/list_constraints")
    }
    created = {
        row["name"]
        for row in _all(connection, "trueup/journal/list_created_objects", run, kind="constraint")
    }
    return [
        {
            "name": rule.full_name,
            "stands": rule.full_name in standing,
            "validated": rule.full_name in standing and standing[rule.full_name].validated,
            "added_by_this_run": rule.full_name in created,
        }
        for rule in run.system.constraints
    ]


def _batches(connection: Connection, run: Run) -> dict[str, Any]:
    return {
        **_one(connection, "trueup/report/summarise_batches", run),
        "slowest": _all(
            connection, "trueup/report/list_slowest_batches", run, rows=SLOWEST_BATCHES
        ),
    }


def _one(connection: Connection, name: str, run: Run) -> dict[str, Any]:
    return statements.fetch_one(connection, name, run_id=run.run_id)._asdict()


def _all(connection: Connection, name: str, run: Run, **values: Any) -> list[dict[str, Any]]:
    rows = statements.fetch_all(connection, name, run_id=run.run_id, **values)
    return [row._asdict() for row in rows]
