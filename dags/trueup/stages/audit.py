"""Looks before anyone touches: schema, inconsistencies, duplicate references, other sessions."""

import logging
from pathlib import Path
from typing import Any

from psycopg import Connection

from trueup import backup, derivation, journal, regime, statements, steps
from trueup.errors import Refused
from trueup.journal import Run
from trueup.sources.files import SourceFiles
from trueup.sources.reference_files import read_accounts, read_expected_balances

log = logging.getLogger(__name__)

# So many are kept for the report, the largest first.
_BOOKS_KEPT = 1_000


def audit(connection: Connection, run: Run, files: SourceFiles, backups: Path) -> dict[str, Any]:
    """Audit the books and the source's files; nothing is changed. Gives counts for the report.

    Raises Refused when a file is unusable, a reference stands more than once, an account breaks a
    balance rule already, something of the system's stands in the way, or the system is backed up
    and `backups` cannot hold it.
    """
    source = derivation.examine(connection, run) if run.plan.derived_from else files.about()
    _refuse_obstacles(connection, run)
    accounts = read_accounts(files.accounts) if files.accounts else []
    expected = read_expected_balances(files.expected_balances) if files.expected_balances else []
    found = {
        "accounts_to_create": len(accounts),
        "expected_balances": len(expected),
        **source,
        **statements.fetch_one(connection, f"{run.system.name}/audit/count_entries")._asdict(),
    }
    for name in ("inconsistent_balances", "duplicate_references", "opening_balances"):
        rows = steps.fetch_all(connection, run, f"audit/list_{name}")
        found[name] = len(rows)
        found[f"first_{name}"] = [row._asdict() for row in rows[:20]]
        if rows:
            log.warning("%s: %d, the first %s", name.replace("_", " "), len(rows), rows[0])
    sessions = statements.fetch_all(connection, "trueup/audit/list_other_sessions")
    found["other_sessions"] = [row._asdict() for row in sessions]
    found["books"] = [
        row._asdict()
        for row in steps.fetch_all(connection, run, "audit/list_books", rows=_BOOKS_KEPT)
    ]
    if found["duplicate_references"]:
        first = found["first_duplicate_references"][0]
        raise Refused(
            f"{found['duplicate_references']} references stand more than once in the ledger, the "
            f"first is {first['reference_id']} of {first['ledger_id']}. Mend them before a run."
        )
    if found["inconsistent_balances"] and not derivation.mends_balances(run):
        first = found["first_inconsistent_balances"][0]
        raise Refused(
            f"{found['inconsistent_balances']} accounts break a balance rule already, the first is "
            f"{first['account_id']} (balance {first['balance']}, available "
            f"{first['available_balance']}, reserved {first['reserved_balance']}). The constraints "
            "could not be applied after the run: correct them first."
        )
    if run.system.backed_up:
        found["backup"] = backup.examine(connection, run, backups)
    found["regime"] = regime.choose(connection, run, files.source_bytes)
    journal.add_figures(connection, run, audit=found)
    journal.log(
        connection,
        run,
        f"Audited: {found['entries']} entries over {found['accounts']} accounts stand, "
        f"{found['opening_balances']} opening balances, {len(sessions)} other sessions.",
    )
    if source["ignored_columns"]:
        log.warning("Nothing reads these columns: %s", ", ".join(source["ignored_columns"]))
    return {
        "source": run.plan.source,
        "entries": found["entries"],
        "accounts": found["accounts"],
        "other_sessions": len(sessions),
    }


def _refuse_obstacles(connection: Connection, run: Run) -> None:
    """Raise Refused, with all of it, when something stands in the way of what the run would do."""
    obstacles = steps.fetch_all(connection, run, "audit/list_obstacles", run_id=run.run_id)
    if obstacles:
        raise Refused(" ".join(row.obstacle for row in obstacles))
