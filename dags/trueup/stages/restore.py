"""Brings a system's tables back as they were at the backup, and keeps those that stood since."""

import logging
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection, sql

from trueup import backup, journal, statements, steps
from trueup.errors import Refused, RollbackRefused
from trueup.journal import Run
from trueup.run_state import Status

log = logging.getLogger(__name__)

RESTORE = "restore"

# In which they stand until they are exchanged; the statements name it, too.
_BESIDE = "trueup_restored"

# An attempt to lock the tables waits a second at most, so that whoever queues behind it waits no
# longer; between two, others may work.
_ATTEMPTS = 20
_PAUSE_SECONDS = 0.5


@dataclass(frozen=True)
class Surroundings:
    """Where a restore finds what it needs, and what it may do to others."""

    conninfo: str
    backups: Path
    # Whether sessions that keep the tables are cancelled, and ended if they stay.
    cancel_sessions: bool = False


def restore(connection: Connection, run: Run, around: Surroundings) -> dict[str, Any]:
    """Restore the system's tables beside, prove them by their hashes, and exchange them at once.

    What stood goes into a schema aside, with all that was written since the backup. Gives what was
    restored. Nothing that people see changes before the one transaction that exchanges the tables
    and closes the run, so it can be killed and repeated. Raises RollbackRefused when there is no
    backup, when something else is bound to the tables, or when others keep them: the run then stays
    as it is, or is left `rollback_failed` if the way back had begun.
    """
    if run.status == Status.ROLLED_BACK:
        return run.row.figures.get("rollback", {})
    _check_way_back(connection, run, around)
    run = journal.move(connection, run, Status.ROLLING_BACK, stage="roll_back")
    try:
        try:
            backup.examine(connection, run, around.backups)
            _restore_beside(connection, run, around)
            done = _exchange(connection, run, around)
        except Refused as refusal:
            raise RollbackRefused(str(refusal)) from refusal
    except RollbackRefused as refusal:
        _drop_beside(connection, run)
        journal.finish(connection, run, Status.ROLLBACK_FAILED, str(refusal))
        raise
    journal.drop_staging(connection, run)
    return done


def _check_way_back(connection: Connection, run: Run, around: Surroundings) -> None:
    if "backup" not in run.row.figures:
        raise RollbackRefused(
            f"Run {run.run_id} has no backup: "
            + (
                "it had not come to that. "
                if run.system.backed_up
                else f"runs of {run.system.name} take none. "
            )
            + "Take it back with mode delete; nothing was changed."
        )
    if not backup.is_kept(run, around.backups):
        raise RollbackRefused(
            f"The backup {backup.path_of(run, around.backups)} is gone, or is not the file that "
            f"was tested (SHA-256 {run.row.figures['backup']['sha256']}). Put it back, or take the "
            "run back with mode delete; nothing was changed."
        )
    _refuse_dependents(connection, run)


def _refuse_dependents(connection: Connection, run: Run) -> None:
    bound = statements.fetch_all(
        connection,
        "trueup/restore/list_dependents",
        tables=_going(run),
        restored=list(run.system.tables),
    )
    if bound:
        raise RollbackRefused(
            "Something else is bound to the tables that would go, and would go on using them: "
            f"{'; '.join(row.dependent for row in bound)}. Drop it, and create it anew after the "
            "restore; nothing was changed."
        )


def _restore_beside(connection: Connection, run: Run, around: Surroundings) -> None:
    """Bring the tables of the backup into a schema beside those that stand, and compare them."""
    _drop_beside(connection, run)
    backup.drop_leftovers(connection, run)
    draft = around.backups / f".{run.run_id}.restore"
    try:
        with backup.scratch(connection, run, around.conninfo) as scratch:
            backup.restore(run, backup.path_of(run, around.backups), scratch)
            with closing(statements.connect(scratch, f"restore {run.run_id}")) as session:
                statements.execute(session, "trueup/restore/open_restored")
                for table in _wanted(run):
                    name = sql.Identifier(table["schema"], table["table"])
                    statements.execute_composed(
                        session, "trueup/restore/set_aside", {"source": name}
                    )
            backup.dump(run, scratch, draft, f"--schema={_BESIDE}")
        backup.restore(run, draft, around.conninfo)
    finally:
        draft.unlink(missing_ok=True)
    with statements.snapshot(connection):
        backup.fix_output(connection)
        differing = [
            table["table"]
            for table in _wanted(run)
            if backup.hash_rows(connection, _BESIDE, table["table"])
            != {"rows": table["rows"], "content": table["content"]}
        ]
    if differing:
        raise RollbackRefused(
            f"The restored rows of {', '.join(differing)} are not those of the backup; the tables "
            "that stand were not touched."
        )


def _drop_beside(connection: Connection, run: Run) -> None:
    statements.execute(
        connection, "trueup/restore/end_programs", application_name=backup.program_name(run)
    )
    statements.execute(connection, "trueup/restore/drop_restored")


def _exchange(connection: Connection, run: Run, around: Surroundings) -> dict[str, Any]:
    for session in statements.fetch_all(connection, "trueup/restore/list_sessions"):
        log.info("Another session: %s", session)
    for attempt in range(_ATTEMPTS):
        try:
            return _exchange_once(connection, run)
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            holders = _holders(connection, run)
            log.info("Attempt %d: the tables are kept by %s", attempt + 1, holders or "nobody now")
        except psycopg.errors.ForeignKeyViolation as error:
            raise RollbackRefused(
                "A row of another table names one that came since the backup: "
                f"{' '.join(str(error).splitlines()[:2])} Take it out, or give it another one; the "
                "tables that stand were not touched."
            ) from error
        if around.cancel_sessions:
            _send_away(connection, holders, ended=attempt > 0)
        time.sleep(_PAUSE_SECONDS)
    raise RollbackRefused(
        "Other sessions keep the tables that would go: "
        + "; ".join(
            f"{each.pid} of {each.role} ({each.application_name or 'no name'}, {each.state} for "
            f"{each.for_long})"
            for each in holders
        )
        + ". End their transactions, or set cancel_sessions; the tables that stand were not "
        "touched."
    )


def _exchange_once(connection: Connection, run: Run) -> dict[str, Any]:
    """Exchange the tables, prove their shape, and close the run, in one transaction."""
    taken, aside = run.row.figures["backup"], f"trueup_replaced_{run.run_id[-22:]}"
    wanted = _wanted(run)
    done = {
        "mode": RESTORE,
        "proof": "equal",
        "backup": taken["file"],
        "taken_at": taken["taken_at"],
        "tables": [table["table"] for table in wanted],
        "rows": sum(table["rows"] for table in wanted),
        "replaced": aside,
    }
    with connection.transaction():
        journal.fence(connection, run, Status.ROLLING_BACK)
        _refuse_dependents(connection, run)
        statements.execute(
            connection,
            "trueup/restore/exchange_tables",
            tables=done["tables"],
            made=list(run.system.makes),
            aside=aside,
        )
        steps.execute(connection, run, "roll_back/forget_run", run_id=run.run_id)
        _check_shapes(connection, wanted)
        journal.add_figures(connection, run, rollback=done)
        journal.finish(
            connection,
            run,
            Status.ROLLED_BACK,
            f"Restored from the backup of {taken['taken_at']}: {len(wanted)} tables with "
            f"{done['rows']} rows, whose hashes are equal to those at the backup. What was written "
            f"since is in schema {aside}, and not in the restored tables.",
        )
    return done


def _check_shapes(connection: Connection, wanted: list[backup.Table]) -> None:
    """Raise RollbackRefused unless each table is made as it was at the backup."""
    with connection.transaction() as savepoint:
        backup.fix_output(connection)
        differing = [
            table["table"]
            for table in wanted
            if backup.hash_shape(connection, table["schema"], table["table"]) != table["shape"]
        ]
        raise psycopg.Rollback(savepoint)
    if differing:
        raise RollbackRefused(
            f"The restored tables {', '.join(differing)} have other columns, constraints, indexes "
            "or triggers than at the backup; the tables that stand were not touched."
        )


def _holders(connection: Connection, run: Run) -> list[Any]:
    return statements.fetch_all(connection, "trueup/restore/list_holders", tables=_going(run))


def _send_away(connection: Connection, holders: list[Any], ended: bool) -> None:
    """Cancel what others are at; those that stay are ended."""
    for each in holders:
        name = "end_session" if ended else "cancel_session"
        try:
            statements.execute(connection, f"trueup/restore/{name}", pid=each.pid)
        except psycopg.errors.InsufficientPrivilege as error:
            raise RollbackRefused(
                f"Session {each.pid} of {each.role} keeps the tables, and may not be cancelled by "
                "us. Let an administrator run: GRANT pg_signal_backend TO "
                f"{connection.info.user};"
            ) from error
        log.warning("%s session %d of %s", "Ended" if ended else "Cancelled", each.pid, each.role)


def _wanted(run: Run) -> list[backup.Table]:
    return [table for table in run.row.figures["backup"]["tables"] if table["of_system"]]


def _going(run: Run) -> list[str]:
    return [*run.system.tables, *run.system.makes]
