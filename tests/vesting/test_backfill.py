"""The backfill of vesting lots: what earns a lot, what does not, and what cannot be lost."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from demo import vault_data
from runs import Books, Killed, Strike, raise_killed
from trueup import batches, opening, statements
from trueup.errors import DataFailure, Fenced, Refused, RollbackRefused
from trueup.systems import VESTING
from vaults import Vault


@pytest.fixture
def lots(vault: Vault, source_root, monkeypatch: pytest.MonkeyPatch) -> Books:
    """Runs over this test's vault; nobody waits, and batches stay as large as they are asked for."""
    monkeypatch.setattr(opening, "GRACE_SECONDS", 0.0)
    monkeypatch.setattr(batches, "GROWTH", 1.0)
    asked = {"source": "operations", "source_type": "DEPOSITS", "max_quarantined": "100 %"}
    return Books(vault.database, source_root, asked, system=VESTING)


def state(vault: Vault) -> list[Any]:
    """Every lot, without ids and clocks."""
    return vault.database.rows(
        "SELECT source_operation_id, vault_code, user_id, currency, deposit_day, release_day, "
        "amount, released_amount, remaining_amount, status FROM vault_vesting_lots ORDER BY 1"
    )


def counts(row: Any) -> tuple[str, int, int, int, int]:
    """How a run ended: its status, and read, posted, replayed, quarantined."""
    return (
        row.status, row.total_read, row.total_posted, row.total_replayed, row.total_quarantined,
    )  # fmt: skip


def locked(vault: Vault, user: Any, amount: str = "100.00", **more: Any) -> Any:
    """A deposit with its lock; gives the operation's id."""
    operation = vault.deposit(user, amount, **more)
    vault.lock(user, operation, amount)
    return operation


def test_every_completed_deposit_earns_a_lot(vault, lots):
    user = vault.user()
    operation = locked(vault, user, "10000.00", day=date(2025, 1, 15))
    row = lots.backfill()
    assert counts(row) == ("completed", 1, 1, 0, 0), row.message
    (lot,) = vault.database.rows("SELECT * FROM vault_vesting_lots")
    assert (lot.source_operation_id, lot.user_id) == (operation, user.id)
    assert (lot.vault_code, lot.currency, lot.status) == ("AVENIR", "AED", "VESTED")
    assert (str(lot.amount), lot.released_amount) == ("10000.00", 0)
    assert (lot.deposit_day, lot.release_day) == (date(2025, 1, 15), date(2026, 1, 15))


def test_a_run_is_taken_back_with_an_equal_hash(vault, lots):
    user = vault.user()
    vault.vested(user, "5.00")
    before = state(vault)
    for _ in range(25):
        locked(vault, user)
    row = lots.backfill(batch_size=7)
    assert counts(row) == ("completed", 26, 25, 1, 0), row.message

    done = take_back(lots, row.run_id)

    assert (done["deleted"], done["proof"]) == (25, "equal")
    assert state(vault) == before
    run = vault.database.row("SELECT * FROM trueup.runs")
    assert run.status == "rolled_back"
    assert run.state_hash_before == run.state_hash_after


def take_back(lots: Books, run_id: str, mode: str = "delete") -> dict[str, Any]:
    """Take a run back as the DAG rollback does."""
    from trueup.stages import roll_back

    with closing(lots.database.connect()) as connection:
        run = opening.adopt_run(
            connection,
            run_id,
            opening.Attempt("rollback", f"test-{uuid4()}", "x"),
            lambda *_: False,
        )
        return roll_back.roll_back(connection, run, mode)
