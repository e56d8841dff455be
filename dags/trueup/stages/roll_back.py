"""Takes a run back: exactly its rows and what it created; then proves it by the state hash."""

import logging
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.errors import DependentObjectsStillExist

from trueup import fingerprints, journal, posting, regime, rules, sessions, statements, steps
from trueup.errors import RollbackRefused
from trueup.journal import Run
from trueup.run_state import Status

log = logging.getLogger(__name__)

_ENTRIES_PER_STEP = 10_000

NOT_PROVABLE = "not provable"

# What a person may ask for: the rows away, or entries that take their effect back.
DELETE, REVERSE = "delete", "reverse"


def roll_back(
    connection: Connection, run: Run, mode: str = DELETE, cancel_sessions: bool = False
) -> dict[str, Any]:
    """Take a run back: `delete` its entries, outbox rows, constraints and accounts, or `reverse`
    its entries, when the books have been relied on; accounts and constraints then stay.

    Other sessions are named in the log; with cancel_sessions those that keep the books for more
    than a moment are cancelled, where a system's way back must have its tables alone.

    Every step commits with balances and entries in agreement, so it can be killed and repeated.
    Raises RollbackRefused when the way back is closed: a completed run then stays as it is, any
    other is left `rollback_failed`.
    """
    if run.status == Status.ROLLED_BACK:
        return run.row.figures.get("rollback", {})
    if mode == REVERSE and not run.system.has("roll_back/reverse_entries"):
        raise RollbackRefused(
            f"What runs of {run.system.name} bring has nothing that would reverse it. Take run "
            f"{run.run_id} back with mode delete; nothing was changed."
        )
    if run.status == Status.COMPLETED:
        _check_way_back(connection, run, mode)
    sessions.name(connection)
    if cancel_sessions:
        sessions.cancel(connection, run)
    # The fence: from here on no batch of this run can commit, and those in flight have ended.
    journal.move(connection, run, Status.ROLLING_BACK, stage="roll_back")
    try:
        done = _reverse(connection, run) if mode == REVERSE else _delete(connection, run)
        journal.add_figures(connection, run, rollback={"mode": mode, **done})
        return done
    except (RollbackRefused, psycopg.IntegrityError, DependentObjectsStillExist) as error:
        refusal = error if isinstance(error, RollbackRefused) else _closed_by_database(error)
        with suppress(psycopg.IntegrityError):  # an account that is on its way stays exempt
            steps.execute(connection, run, "constrain/clear_exemption", run_id=run.run_id)
        posting.mark_checkpoint(connection, run, "FAILED", str(refusal))
        journal.finish(connection, run, Status.ROLLBACK_FAILED, str(refusal))
        raise refusal from error


def _delete(connection: Connection, run: Run) -> dict[str, Any]:
    deleted, kept, proof = 0, [], "not taken, for nothing was posted"
    if run.row.state_hash_before is not None:
        # Exempted, an account may dip on the way back as it did on the way there; and while the
        # run is rolling back, no live posting may lower it: what is checked next stays true.
        steps.execute(connection, run, "roll_back/exempt_accounts", **_key(run))
        _check_way_back(connection, run, DELETE)
        deleted = _take_back_entries(connection, run)
        steps.execute(connection, run, "constrain/clear_exemption", run_id=run.run_id)
        _drop_constraints(connection, run)
        kept = _delete_accounts(connection, run)
        try:
            proof = _prove(connection, run)
        except RollbackRefused:
            # The entries are gone whatever it says: who works on must not be watched for ever.
            _close_books(connection, run)
            raise
    _close_books(connection, run)
    _finish(
        connection,
        run,
        f"Rolled back, because {_because(run)}. {deleted} entries were removed; state hash {proof}."
        + (f" Accounts that others have used since were kept: {', '.join(kept)}." if kept else ""),
    )
    return {"deleted": deleted, "proof": proof, "kept_accounts": kept}


def _close_books(connection: Connection, run: Run) -> None:
    """End what kept an eye on others until the proof, or until the run broke off before its first
    entry."""
    with connection.transaction():
        journal.fence(connection, run, Status.ROLLING_BACK)
        steps.execute(connection, run, "roll_back/close_books", run_id=run.run_id)


def _reverse(connection: Connection, run: Run) -> dict[str, Any]:
    reversed_, proof = 0, "not taken, for nothing was posted"
    if run.row.state_hash_before is not None:
        regime.restore_tables(connection, run)
        steps.execute(connection, run, "roll_back/exempt_accounts", **_key(run))
        _check_way_back(connection, run, REVERSE)
        _reverse_entries(connection, run)
        reversed_ = _count_reversed(connection, run)
        steps.execute(connection, run, "constrain/clear_exemption", run_id=run.run_id)
        proof = _prove_balances(connection, run)
    _finish(
        connection,
        run,
        f"Reversed, because {_because(run)}. {reversed_} reversing entries were booked; trial "
        f"balance {proof}.",
    )
    return {"reversed": reversed_, "proof": proof}


def _finish(connection: Connection, run: Run, message: str) -> None:
    with connection.transaction():
        posting.mark_checkpoint(connection, run, "FAILED", message)
        journal.finish(connection, run, Status.ROLLED_BACK, message)
    journal.drop_staging(connection, run)


def _because(run: Run) -> str:
    because = (run.row.message or "a person asked for it").rstrip(".")
    return f"{because[:1].lower()}{because[1:]}"


def _delete_accounts(connection: Connection, run: Run) -> list[str]:
    """Delete the accounts that the run created; give those that others have come to use."""
    found = steps.fetch_one(connection, run, "roll_back/delete_accounts", **_key(run))
    return (found and found.kept) or []


def _check_way_back(connection: Connection, run: Run, mode: str) -> None:
    if mode == DELETE:
        _refuse_delivered(
            run, steps.fetch_one(connection, run, "roll_back/count_delivered", **_key(run))
        )
        _refuse_reversed(connection, run)
        _refuse_obstacles(connection, run)
    spent = steps.fetch_all(connection, run, "roll_back/list_spent", **_key(run))
    if spent:
        raise RollbackRefused(
            f"Others have spent or reserved what run {run.run_id} brought: without it "
            f"{spent[0].account_id} would stand at {spent[0].available} "
            f"{spent[0].currency_code}, and {len(spent) - 1} more accounts below zero. "
            "Fund them first."
        )


def _refuse_reversed(connection: Connection, run: Run) -> None:
    if found := _count_reversed(connection, run):
        raise RollbackRefused(
            f"{found} entries of run {run.run_id} have been reversed already. Go on with mode "
            "reverse; deleting them now would undo them twice."
        )


def _refuse_obstacles(connection: Connection, run: Run) -> None:
    """Refuse when something was done with the run's rows since; the system says what, in words."""
    if found := steps.fetch_all(connection, run, "roll_back/list_obstacles", **_key(run)):
        raise RollbackRefused(" ".join(row.obstacle for row in found))


def _refuse_delivered(run: Run, found: Any) -> None:
    if found and found.delivered:
        raise RollbackRefused(
            f"{found.delivered} outbox rows of run {run.run_id} were delivered or may have "
            "arrived; deleting the entries would leave the receiver with them. Take it back with "
            "mode reverse."
        )


def _drop_constraints(connection: Connection, run: Run) -> None:
    """Take back the rules that this run applied; those of earlier runs stay."""
    created = {
        row.name
        for row in statements.fetch_all(
            connection,
            "trueup/journal/list_created_objects",
            run_id=run.run_id,
            kind="constraint",
        )
    }
    for constraint in run.system.constraints:
        if constraint.full_name in created:
            rules.drop(connection, run, constraint)


def _take_back_entries(connection: Connection, run: Run) -> int:
    """Take the entries back: in steps, or in one when they were loaded into bare tables."""
    if not regime.is_bare(connection, run):
        return _delete_entries(connection, run)
    with connection.transaction():
        journal.fence(connection, run, Status.ROLLING_BACK)
        regime.lock_tables(connection, run)
        _refuse_delivered(
            run, steps.fetch_one(connection, run, "roll_back/count_delivered", **_key(run))
        )
        deleted = regime.empty_tables(connection, run)
    regime.restore_tables(connection, run)
    return deleted


def _delete_entries(connection: Connection, run: Run) -> int:
    """Delete in steps, newest first; each waits for the senders of its outbox rows and looks."""
    step = {"batch_size": _ENTRIES_PER_STEP, **_key(run)}
    total = 0
    while True:
        with connection.transaction():
            journal.fence(connection, run, Status.ROLLING_BACK)
            _refuse_delivered(
                run, steps.fetch_one(connection, run, "roll_back/lock_outbox", **step)
            )
            steps.execute(connection, run, "roll_back/lock_entries", **step)
            _refuse_obstacles(connection, run)
            deleted = statements.fetch_one(
                connection, _sql(run, "roll_back/delete_entries"), **step
            ).deleted
        total += deleted
        log.info("%d entries removed", total)
        if deleted < _ENTRIES_PER_STEP:
            return total


def _count_reversed(connection: Connection, run: Run) -> int:
    found = steps.fetch_one(connection, run, "roll_back/count_reversed", run_id=run.run_id)
    return found.reversed if found else 0


def _reverse_entries(connection: Connection, run: Run) -> None:
    """Book the reversing entries in steps, newest first; what is reversed is passed over."""
    total = 0
    while True:
        with connection.transaction():
            journal.fence(connection, run, Status.ROLLING_BACK)
            done = statements.fetch_one(
                connection,
                _sql(run, "roll_back/reverse_entries"),
                batch_size=_ENTRIES_PER_STEP,
                **_key(run),
            ).reversed
        total += done
        log.info("%d entries reversed", total)
        if done < _ENTRIES_PER_STEP:
            return


def _prove_balances(connection: Connection, run: Run) -> str:
    """Compare every balance with the one before the run, entries of others aside.

    Raises RollbackRefused when one differs.
    """
    differing = steps.fetch_all(connection, run, "roll_back/list_differing_accounts", **_key(run))
    if differing:
        raise RollbackRefused(
            f"The run's entries are reversed, but {len(differing)} accounts do not stand as before "
            f"it; {differing[0].account_id} has {differing[0].after}, not {differing[0].before}."
        )
    return "equal"


def _prove(connection: Connection, run: Run) -> str:
    """Compare the state hash with the one before the run: `equal` or `not provable`.

    Not provable is a state in which others moved holds or changed an account's terms meanwhile: no
    entry says what it was before; and one of which what others changed is not kept any more, for an
    earlier attempt came as far. Raises RollbackRefused when the books differ otherwise.
    """
    after = fingerprints.of_state(
        connection, run.system.name, run.run_id, run.row.high_water_entry_id
    )
    if after is None:
        if run.row.state_hash_after != run.row.state_hash_before:
            _save_state_after(connection, run, NOT_PROVABLE)
            return NOT_PROVABLE
        return "equal"
    if after == run.row.state_hash_before:
        _save_state_after(connection, run, after)
        return "equal"
    differing = steps.fetch_all(connection, run, "roll_back/list_differing_accounts", **_key(run))
    foreign = steps.fetch_one(connection, run, "fingerprint/count_foreign_changes", **_key(run))
    if foreign and foreign.accounts and not differing:
        _save_state_after(connection, run, NOT_PROVABLE)
        log.warning("Others changed %d of what stood before the run meanwhile", foreign.accounts)
        return NOT_PROVABLE
    _save_state_after(connection, run, after)
    first = (
        f"; {differing[0].account_id} has {differing[0].after}, not {differing[0].before}"
        if differing
        else ""
    )
    raise RollbackRefused(
        f"The run's rows are gone, but the state hash is {after} and was "
        f"{run.row.state_hash_before}: the books differ{first}."
    )


def _save_state_after(connection: Connection, run: Run, state: str) -> None:
    statements.execute(
        connection, "trueup/journal/save_state_after", run_id=run.run_id, state_hash=state
    )


def _closed_by_database(error: psycopg.Error) -> RollbackRefused:
    return RollbackRefused(
        f"The database refused a step of the way back: {str(error).splitlines()[0]}. "
        "Something came to depend on the run's rows; remove it, then roll back again."
    )


def _key(run: Run) -> dict[str, Any]:
    return {"run_id": run.run_id, "high_water_entry_id": run.row.high_water_entry_id}


def _sql(run: Run, name: str) -> str:
    return f"{run.system.name}/{name}"
