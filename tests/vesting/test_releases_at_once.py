"""Several releases at once, and releases that die: each lot is paid once, and no cent is lost."""

import os
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from decimal import Decimal
from itertools import count
from uuid import uuid4

import psycopg
import pytest
from demo import vault_data

from runs import Strike, raise_killed
from trueup import release as releases
from trueup import statements
from vaults import AS_OF, DERIVE_LOTS, Vault, reasons

LAST = date(2025, 12, 31)


@pytest.fixture(scope="module")
def filled(server, vault_template):
    """A vault with thousands of mature lots; nothing in it is odd."""
    database = server.create(vault_template)
    with closing(database.connect()) as connection:
        vault_data.fill(connection, users=400, deposits=9_000, oddities=False)
    database.do(DERIVE_LOTS)
    database.do("ANALYZE vault_vesting_lots")
    return database


@pytest.fixture
def thousands(server, filled):
    """A copy of it."""
    clone = server.create(filled)
    yield Vault(clone)
    server.drop(clone)


def money(vault: Vault) -> tuple[Decimal, Decimal, Decimal]:
    """Sum of all entries, the pools' cash, and the wallets' money."""
    return tuple(
        vault.database.row(
            "SELECT sum(entry.amount) AS total, "
            "sum(entry.amount) FILTER (WHERE account_type = 'VAULT_POOL_CASH') AS pools, "
            "sum(entry.amount) FILTER (WHERE account_type = 'WALLET_AVAILABLE') AS wallets "
            "FROM ledger_entries AS entry JOIN accounts ON accounts.id = entry.account_id"
        )
    )


def mature(vault: Vault) -> tuple[int, Decimal]:
    return tuple(
        vault.database.row(
            "SELECT count(*), coalesce(sum(remaining_amount), 0) AS amount FROM vault_vesting_lots "
            "WHERE status = 'VESTED' AND currency = 'AED' AND release_day <= %s",
            LAST,
        )
    )


def locks_off_their_lots(vault: Vault) -> Decimal:
    return vault.database.value(
        "SELECT (SELECT sum(amount) FROM wallet_locks WHERE reason = 'VAULT_AVENIR_VESTING' "
        "AND status = 'ACTIVE') - (SELECT sum(remaining_amount) FROM vault_vesting_lots "
        "WHERE status = 'VESTED')"
    )


def test_four_releases_at_once_pay_each_lot_once_and_conserve_the_money(thousands):
    vault = thousands
    lots, amount = mature(vault)
    assert lots > 4_000
    assert locks_off_their_lots(vault) == 0
    total, pools, wallets = money(vault)

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: vault.release(as_of_date=LAST, max_lots=10_000), range(4)))

    by_lot = Counter(lot.lot_id for summary in done for lot in summary.of("RELEASED"))
    assert len(by_lot) == lots
    assert set(by_lot.values()) == {1}
    assert sum(summary.released_amount for summary in done) == amount
    assert not any(summary.of("LEFT") or summary.warnings for summary in done)
    assert mature(vault) == (0, 0)
    assert money(vault) == (total, pools - amount, wallets + amount)
    assert (
        vault.database.value("SELECT count(*) FROM operations WHERE type = 'VAULT_VESTING_RELEASE'")
        == lots
    )
    assert locks_off_their_lots(vault) == 0
    assert sum(bool(summary.of("RELEASED")) for summary in done) > 1


def test_releases_of_different_users_do_not_wait_for_one_another(vault):
    """Someone holds a user and a lot of another one: all others are paid at once."""
    held, busy, free = vault.user(), vault.user(), vault.user()
    waiting = [vault.vested(held), vault.vested(busy, "120.00")]
    paid = [vault.vested(user, "150.00") for user in (busy, free)]
    with vault.database.admin() as somebody, somebody.transaction():
        somebody.execute("SELECT FROM users WHERE id = %s FOR NO KEY UPDATE", [held.id])
        somebody.execute("SELECT FROM vault_vesting_lots WHERE id = %s FOR UPDATE", [waiting[1]])
        began = time.monotonic()
        summary = vault.release()
        assert time.monotonic() - began < 5
        assert reasons(summary) == dict.fromkeys(paid, ("RELEASED", None))
        assert summary.remaining == 2
    assert reasons(vault.release()) == dict.fromkeys(waiting, ("RELEASED", None))


def test_two_releases_out_of_a_short_pool_take_turns(vault, monkeypatch):
    """Each alone would fit; together they would overdraw it. The second one waits, and sees."""
    first, second = vault.user(), vault.user()
    lots = [vault.vested(first, "100.00"), vault.vested(second, "100.00")]
    vault.move("FEE", vault.pool(), vault.account("INTERNAL_OMNIBUS"), "80")
    meet = threading.Barrier(2)
    honest = statements.execute

    def execute(connection, name, /, **values):
        if name == "vesting/release/lock_pools" and meet.n_waiting < 2 and not meet.broken:
            meet.wait(10)
        return honest(connection, name, **values)

    monkeypatch.setattr(statements, "execute", execute)
    monkeypatch.setattr(releases, "LOTS_A_BATCH", 1)

    def release(_):
        try:
            return vault.release(max_lots=1)
        finally:
            meet.abort()

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(release, range(2)))
    outcomes = [lot for summary in done for lot in summary.outcomes]
    assert {lot.lot_id for lot in outcomes} == set(lots)
    assert sorted(lot.outcome for lot in outcomes) == ["LEFT", "RELEASED"]
    assert vault.balance(vault.pool()) == 20


# Whoever dies, and wherever.


@pytest.fixture(scope="module")
def troubled(server, vault_template):
    """A vault in which a release pays, warns and leaves; some of it out of a short pool."""
    vault = Vault(server.create(vault_template))
    users = [vault.user() for _ in range(3)]
    for number, user in enumerate(users):
        vault.vested(user, f"{100 + number}.00")
        operation = vault.deposit(user, "55.00")
        vault.lock(user, None, "55.00")
        vault.lot(user, operation, "55.00")
    vault.lot(users[0], vault.deposit(users[0], "70.00"), "70.00")
    for _ in range(2):
        vault.lot(users[1], vault.deposit(users[1], "80.00"), "80.00")
        vault.lock(users[1], None, "80.00")
    vault.withdraw(users[2], "30.00")
    vault.move("FEE", vault.pool(), vault.account("INTERNAL_OMNIBUS"), "100")
    return vault


def state(vault: Vault):
    """What a release leaves, without the ids and times that differ from one to the next."""
    return (
        vault.database.rows(
            "SELECT id, status, released_amount, last_release_operation_id IS NULL "
            "FROM vault_vesting_lots ORDER BY id"
        ),
        vault.database.rows("SELECT id, status FROM wallet_locks ORDER BY id"),
        vault.database.rows(
            "SELECT account_id, sum(amount), count(*) FROM ledger_entries GROUP BY 1 ORDER BY 1"
        ),
        vault.database.rows("SELECT idempotency_key FROM operations ORDER BY 1"),
        vault.database.rows(
            "SELECT lot_id, outcome, reason, detail, amount FROM vesting_release_outcomes "
            "ORDER BY lot_id"
        ),
    )


@pytest.fixture(scope="module")
def undisturbed(server, troubled):
    """The state in which a release that nobody disturbs leaves it."""
    vault = Vault(server.create(troubled.database))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(releases, "LOTS_A_BATCH", 8)
        summary = vault.release()
    assert summary.of("RELEASED")
    assert summary.of("LEFT")
    assert summary.warnings
    return state(vault)


def end_session(connection) -> None:
    """The server ends the session, as a failover does."""
    connection.close()


@pytest.mark.parametrize("blow", [raise_killed, end_session])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_at_any_statement_loses_and_doubles_nothing(
    server, troubled, undisturbed, monkeypatch, when, blow
):
    """Killed at the n-th statement, the job is taken up under the same trace id, for every n."""
    monkeypatch.setattr(releases, "LOTS_A_BATCH", 8)
    struck = set()
    for number in count(1):
        database = server.create(troubled.database)
        vault = Vault(database)
        trace_id = uuid4()
        strike = Strike(number, when, blow)

        def work(vault=vault, trace_id=trace_id):
            try:
                vault.release(trace_id)
            except psycopg.OperationalError:
                assert blow is end_session

        lasted = strike.during(work)
        if lasted:
            struck.add(strike.statement)
            half = vault.database.row(
                "SELECT (SELECT count(*) FROM operations WHERE type = 'VAULT_VESTING_RELEASE') "
                "AS paid, (SELECT count(*) FROM vault_vesting_lots WHERE status = 'RELEASED') "
                "AS released, (SELECT sum(amount) FROM ledger_entries) AS total"
            )
            assert (half.paid, half.total) == (half.released, 0), strike.statement
            vault.release(trace_id)
        assert state(vault) == undisturbed, (number, strike.statement)
        server.drop(database)
        if not lasted:
            break
    folder = statements.SQL_FOLDER / "vesting" / "release"
    assert {name.split("/")[-1] for name in struck} == {
        path.stem for path in folder.glob("*.sql")
    } - {"leave_lot"}


def test_a_process_that_is_killed_leaves_whole_batches(thousands):
    """SIGKILL in the middle of thousands of lots; the same job goes on and ends it."""
    vault = thousands
    lots, amount = mature(vault)
    total, pools, wallets = money(vault)
    trace_id = uuid4()
    pid = os.fork()
    if pid == 0:  # pragma: no cover - it is killed
        try:
            vault.release(trace_id, as_of_date=LAST, max_lots=10_000)
        finally:
            os._exit(0)
    while not vault.database.value("SELECT count(*) FROM vesting_release_outcomes"):
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    left = mature(vault)
    assert 0 < left[0] < lots
    assert money(vault) == (total, pools - amount + left[1], wallets + amount - left[1])
    deadline = time.monotonic() + 30
    while mature(vault)[0] and time.monotonic() < deadline:
        # The dead session's locks go with it, a moment later.
        summary = vault.release(trace_id, as_of_date=LAST, max_lots=10_000)
    assert len(summary.of("RELEASED")) == lots
    assert money(vault) == (total, pools - amount, wallets + amount)


def test_generated_oddities_are_left_or_warned_each_for_its_reason(server, vault_template):
    database = server.create(vault_template)
    with closing(database.connect()) as connection:
        vault_data.fill(connection, users=30, deposits=300, oddities=True)
    database.do(DERIVE_LOTS)
    summary = Vault(database).release(as_of_date=LAST, max_lots=1000)
    found = Counter((lot.outcome, lot.reason) for lot in summary.outcomes if lot.reason)
    assert found == {
        ("LEFT", "ambiguous_lock"): 4,
        ("LEFT", "deposit_legs"): 1,
        ("LEFT", "exceeds_own_share"): 3,
        ("RELEASED", "lock_missing"): 3,
    }
    assert summary.remaining == 0
    assert AS_OF < LAST
    server.drop(database)
