"""Looks before anyone touches: schema, inconsistencies, duplicate references, other sessions."""

import logging
from typing import Any

from psycopg import Connection

from trueup import derivation, journal, regime, statements, steps
from trueup.errors import Refused
from trueup.journal import Run
from trueup.sources.files import SourceFiles
from trueup.sources.reference_files import read_accounts, read_expected_balances

log = logging.getLogger(__name__)


def audit(connection: Connection, run: Run, files: SourceFiles) -> dict[str, Any]:
    """Audit the books and the source's files; nothing is changed. Gives counts for the report.

    Raises Refused when a file is unusable, a reference stands more than once, or an account breaks
    a balance rule already.
    """
    source = derivation.examine(connection, run) if run.plan.derived_from else files.about()
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
