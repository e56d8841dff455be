"""Releases: which lots are taken, what is written for each, and what leaves one as it was."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import psycopg
import pytest

from runs import Books
from trueup import release as releases
from trueup.errors import Refused
from trueup.systems import VESTING
from vaults import AS_OF, DAY, reasons

MATURE = AS_OF - timedelta(days=1)


def test_a_mature_lot_is_paid_back_and_says_so(vault):
    user = vault.user()
    operation = vault.deposit(user, "10000.00")
    lock = vault.lock(user, operation, "10000.00")
    lot = vault.lot(user, operation, "10000.00")
    before = vault.balance(user.wallet)

    summary = vault.release()

    assert reasons(summary) == {lot: ("RELEASED", None)}
    assert vault.balance(user.wallet) == before + 10000
    assert vault.balance(vault.pool()) == 0
    assert vault.lock_status(lock) == "RELEASED"
    row = vault.database.row("SELECT * FROM vault_vesting_lots")
    assert (row.status, row.released_amount, row.remaining_amount) == ("RELEASED", row.amount, 0)
    assert row.release_job_trace_id == summary.job.trace_id
    assert row.release_job_run_at == summary.job.run_at
    assert row.last_released_at
    paid = vault.database.row("SELECT * FROM operations WHERE type = 'VAULT_VESTING_RELEASE'")
    assert (paid.id, paid.status) == (row.last_release_operation_id, "COMPLETED")
    assert paid.idempotency_key == f"VAULT_VESTING_RELEASE:{lot}"
    assert paid.transaction_id
    said = paid.operation_metadata
    assert said["release_job_trace_id"] == str(summary.job.trace_id)
    assert said["source_operation_id"] == str(operation)
    legs = vault.database.rows(
        "SELECT account_id, amount, entry_type, currency FROM ledger_entries "
        "WHERE operation_id = %s ORDER BY amount", paid.id,
    )  # fmt: skip
    assert [tuple(leg) for leg in legs] == [
        (vault.pool(), Decimal(-10000), "DEBIT", "AED"),
        (user.wallet, Decimal(10000), "CREDIT", "AED"),
    ]


def test_a_release_again_changes_nothing(vault):
    user = vault.user()
    for number in range(3):
        vault.vested(user, f"{100 + number}.00")
    vault.release()
    before = vault.digest()
    again = vault.release()
    assert (again.outcomes, again.remaining) == ([], 0)
    assert vault.digest() == before


def test_a_job_that_goes_on_keeps_its_limit(vault):
    user = vault.user()
    for number in range(3):
        vault.vested(user, f"{100 + number}.00")
    trace_id = uuid4()
    assert len(vault.release(trace_id, max_lots=2).of("RELEASED")) == 2
    before = vault.digest()
    resumed = vault.release(trace_id, max_lots=2)
    assert len(resumed.of("RELEASED")) == 2
    assert vault.digest() == before


def test_a_lot_released_in_part_has_only_the_rest_released(vault):
    user = vault.user()
    lot = vault.vested(user, "100.00", released_amount=Decimal(40))
    summary = vault.release()
    assert summary.released_amount == 60
    assert vault.status(lot) == "RELEASED"
    assert vault.balance(vault.pool()) == 40


# Common issues in tests, as the document of the release filters lists them: none of these lots may
# be taken, each differs from a mature one in one thing alone.


@pytest.mark.parametrize("status", ["LOCKED", "ACTIVE"])
def test_common_issue_1_wrong_status(vault, status):
    """The table knows no such status; and a lot that is CANCELLED is never taken."""
    user = vault.user()
    with pytest.raises(psycopg.errors.CheckViolation):
        vault.vested(user, status=status)
    lot = vault.vested(user, status="CANCELLED")
    assert vault.release().outcomes == []
    assert vault.status(lot) == "CANCELLED"


def test_common_issue_2_a_datetime_for_a_release_day_is_the_day_it_falls_on(vault):
    """The column is a date: a time that a fixture puts there counts as its day."""
    user = vault.user()
    last_minute = datetime.combine(AS_OF, datetime.max.time(), UTC)
    lot = vault.vested(user, release_day=last_minute)
    assert reasons(vault.release()) == {lot: ("RELEASED", None)}


def test_common_issue_3_future_release_day(vault):
    user = vault.user()
    today = vault.vested(user, "100.00", release_day=AS_OF)
    tomorrow = vault.vested(user, "200.00", release_day=AS_OF + timedelta(days=1))
    assert reasons(vault.release()) == {today: ("RELEASED", None)}
    assert vault.status(tomorrow) == "VESTED"


def test_common_issue_4_fully_released(vault):
    user = vault.user()
    vault.vested(user, status="RELEASED", released_amount=Decimal(100))
    assert vault.release().outcomes == []
    assert vault.balance(vault.pool()) == 100


def test_common_issue_5_transaction_visibility(vault):
    """A lot that is not committed is not there; once it is, the next release takes it."""
    user = vault.user()
    operation = vault.deposit(user)
    vault.lock(user, operation)
    with vault.database.admin() as somebody, somebody.transaction():
        somebody.execute(
            "INSERT INTO vault_vesting_lots (vault_id, vault_code, user_id, deposit_day, "
            "release_day, amount, source_operation_id) VALUES (%s, 'AVENIR', %s, %s, %s, 100, %s)",
            [vault.vaults["AVENIR"], user.id, DAY, DAY, operation],
        )
        assert vault.release().outcomes == []
    assert len(vault.release().of("RELEASED")) == 1


def test_common_issue_6_wrong_currency(vault):
    user = vault.user(currency="USD")
    pool = vault.pool(currency="USD")
    operation = vault.deposit(user, into=pool, currency="USD")
    lot = vault.lot(user, operation, currency="USD")
    assert vault.release().outcomes == []
    assert reasons(vault.release(currency="USD")) == {lot: ("RELEASED", "lock_missing")}


def test_common_issue_7_wrong_vault_code(vault):
    lot = vault.vested(vault.user(), vault_code="avenir")
    assert vault.release().outcomes == []
    assert vault.status(lot) == "VESTED"


# The traps of the design, by number.


def test_trap_3_a_day_is_a_utc_day(vault):
    """A lock of 23:30 at −05:00 is one of the next day in UTC, whatever the session's zone is."""
    user = vault.user()
    operation = vault.deposit(user, day=date(2024, 1, 16))
    lock = vault.lock(user, None, created_at=datetime.fromisoformat("2024-01-15T23:30:00-05:00"))
    lot = vault.lot(user, operation, day=date(2024, 1, 16))
    assert reasons(vault.release()) == {lot: ("RELEASED", None)}
    assert vault.lock_status(lock) == "RELEASED"
    assert vault.database.value("SELECT release_day FROM vault_vesting_lots") == date(2025, 1, 15)


def test_trap_5_a_batch_commits_once_with_all_its_locks_held(vault, monkeypatch):
    """While a batch is at work nobody can take any of its lots; all are committed at once."""
    user = vault.user()
    lots = [vault.vested(user, f"{100 + number}.00") for number in range(4)]
    seen = []
    honest = releases.statements.execute

    def look(connection, name, /, **values):
        found = honest(connection, name, **values)
        if name == "vesting/release/release_lots":
            free = vault.database.rows(
                "SELECT id FROM vault_vesting_lots WHERE status = 'VESTED' FOR UPDATE SKIP LOCKED"
            )
            done = vault.database.value("SELECT count(*) FROM vesting_release_outcomes")
            seen.append((free, done))
        return found

    monkeypatch.setattr(releases.statements, "execute", look)
    vault.release()
    assert seen == [([], 0)]
    assert {vault.status(lot) for lot in lots} == {"RELEASED"}


def test_trap_6_two_locks_that_match_are_reported_and_not_guessed(vault):
    user = vault.user()
    lots = []
    for _ in range(2):
        operation = vault.deposit(user)
        vault.lock(user, None)
        lots.append(vault.lot(user, operation))
    other = vault.vested(user, "200.00")
    summary = vault.release()
    assert reasons(summary) == {
        lots[0]: ("LEFT", "ambiguous_lock"),
        lots[1]: ("LEFT", "ambiguous_lock"),
        other: ("RELEASED", None),
    }
    assert {vault.status(lot) for lot in lots} == {"VESTED"}
    assert "2 locks match" in "\n".join(releases.lines(summary))


def test_trap_6_one_lock_that_two_lots_could_claim_is_nobodys(vault):
    """Two deposits of a day within a cent, and a lock for one of them is missing."""
    user = vault.user()
    lots = [vault.lot(user, vault.deposit(user, amount), amount) for amount in ("100", "100.01")]
    lock = vault.lock(user, None, "100.00")
    assert reasons(vault.release()) == dict.fromkeys(lots, ("LEFT", "ambiguous_lock"))
    assert vault.lock_status(lock) == "ACTIVE"


def test_trap_6_a_lock_that_names_another_deposit_is_another_lots(vault):
    user = vault.user()
    mine = vault.lot(user, vault.deposit(user))
    other = vault.deposit(user)
    lock = vault.lock(user, other)
    assert reasons(vault.release()) == {mine: ("RELEASED", "lock_missing")}
    assert vault.lock_status(lock) == "ACTIVE"


@pytest.mark.parametrize(
    "unlike",
    [
        {"currency": "USD"},
        {"reason": "OFFER_INVEST"},
        {"reference_type": "OFFER"},
        {"reference_id": uuid4()},
        {"status": "RELEASED"},
        {"amount": Decimal("100.02")},
        {"day": DAY + timedelta(days=1)},
    ],
    ids=lambda unlike: next(iter(unlike)),
)
def test_trap_6_the_fallback_wants_all_eight_conditions(vault, unlike):
    user = vault.user()
    lot = vault.lot(user, vault.deposit(user))
    given = dict(unlike)
    lock = vault.lock(user, None, str(given.pop("amount", "100.00")), **given)
    before = vault.lock_status(lock)
    assert reasons(vault.release()) == {lot: ("RELEASED", "lock_missing")}
    assert vault.lock_status(lock) == before


def test_trap_6_the_fallback_wants_the_same_user(vault):
    user, other = vault.user(), vault.user()
    lot = vault.lot(user, vault.deposit(user))
    lock = vault.lock(other, None)
    assert reasons(vault.release()) == {lot: ("RELEASED", "lock_missing")}
    assert vault.lock_status(lock) == "ACTIVE"


@pytest.mark.parametrize("amount", ["99.99", "100.00", "100.01"])
def test_trap_6_the_fallback_finds_a_lock_within_a_cent(vault, amount):
    user = vault.user()
    lot = vault.lot(user, vault.deposit(user))
    lock = vault.lock(user, None, amount)
    assert reasons(vault.release()) == {lot: ("RELEASED", None)}
    assert vault.lock_status(lock) == "RELEASED"


def test_trap_6_two_active_locks_of_one_deposit_are_reported(vault):
    user = vault.user()
    operation = vault.deposit(user)
    for _ in range(2):
        vault.lock(user, operation)
    lot = vault.lot(user, operation)
    assert reasons(vault.release()) == {lot: ("LEFT", "ambiguous_lock")}


def test_trap_6_a_missing_lock_is_a_warning(vault):
    user = vault.user()
    lot = vault.lot(user, vault.deposit(user))
    summary = vault.release()
    assert [warned.lot_id for warned in summary.warnings] == [lot]
    assert vault.status(lot) == "RELEASED"
    assert "no wallet lock was found" in "\n".join(releases.lines(summary))


def test_a_lock_that_was_closed_before_is_a_warning_and_no_other_is_taken(vault):
    user = vault.user()
    operation = vault.deposit(user)
    vault.lock(user, operation, status="RELEASED")
    lookalike = vault.lock(user, None)
    lot = vault.lot(user, operation)
    assert reasons(vault.release()) == {lot: ("RELEASED", "lock_closed_before")}
    assert vault.lock_status(lookalike) == "ACTIVE"


def test_trap_7_another_products_locked_money_is_never_touched(vault):
    """An offer's money lies in WALLET_LOCKED; a release pays out of what the deposit credited."""
    user = vault.user()
    vault.move("INVEST_EXCLUSIVE", user.wallet, user.locked, "500")
    vault.vested(user, "100.00")
    vault.release()
    assert vault.balance(user.locked) == 500
    assert vault.balance(vault.pool()) == 0


def test_trap_7_a_pool_never_goes_negative(vault):
    """Someone took money out of the pool: what is left pays the lots that it can, in order."""
    rich, poor, third = vault.user(), vault.user(), vault.user()
    lots = [
        vault.vested(rich, "100.00", release_day=MATURE - timedelta(days=3)),
        vault.vested(poor, "80.00", release_day=MATURE - timedelta(days=2)),
        vault.vested(third, "30.00", release_day=MATURE),
    ]
    vault.move("FEE", vault.pool(), vault.account("INTERNAL_OMNIBUS"), "70")
    summary = vault.release()
    assert reasons(summary) == {
        lots[0]: ("RELEASED", None),
        lots[1]: ("LEFT", "account_would_go_negative"),
        lots[2]: ("RELEASED", None),
    }
    assert vault.balance(vault.pool()) == 10
    assert summary.remaining == 0


def test_trap_8_the_earliest_lots_come_first_and_the_limit_is_kept(vault):
    """By release day, then by creation, then by id; however the rows lie in the table."""
    user = vault.user()
    moment = datetime(2025, 1, 1, tzinfo=UTC)
    fields = [
        {"release_day": MATURE, "created_at": moment},
        {"release_day": MATURE - timedelta(days=1), "created_at": moment + timedelta(seconds=1)},
        {"release_day": MATURE - timedelta(days=1), "created_at": moment},
    ]
    lots = [vault.vested(user, f"{100 + n}.00", **given) for n, given in enumerate(fields)]
    summary = vault.release(max_lots=2)
    assert [lot.lot_id for lot in summary.outcomes] == [lots[2], lots[1]]
    assert summary.remaining == 1
    assert vault.status(lots[0]) == "VESTED"


def test_trap_9_nobody_is_paid_out_of_others_money(vault):
    """A user who withdrew has less left than the lots say; the pool could pay, and does not."""
    spender, saver = vault.user(), vault.user()
    early = vault.vested(spender, "100.00", release_day=MATURE - timedelta(days=2))
    late = vault.vested(spender, "50.00", release_day=MATURE - timedelta(days=1))
    vault.vested(saver, "1000.00", release_day=AS_OF + timedelta(days=9))
    vault.withdraw(spender, "30.00")
    summary = vault.release()
    assert reasons(summary) == {early: ("RELEASED", None), late: ("LEFT", "exceeds_own_share")}
    assert "20 left of the user's own" in "\n".join(releases.lines(summary))
    assert vault.balance(vault.pool()) == 1020
    # Earlier releases count as well: the next night finds no more.
    assert reasons(vault.release()) == {late: ("LEFT", "exceeds_own_share")}


def test_trap_9_a_lot_that_is_too_large_does_not_stop_a_smaller_one(vault):
    user = vault.user()
    sizes = ("90.00", "40.00", "25.00", "10.00")
    lots = [
        vault.vested(user, size, release_day=MATURE - timedelta(days=9 - n))
        for n, size in enumerate(sizes)
    ]
    vault.withdraw(user, "60.00")
    assert reasons(vault.release()) == {
        lots[0]: ("RELEASED", None),
        lots[1]: ("LEFT", "exceeds_own_share"),
        lots[2]: ("LEFT", "exceeds_own_share"),
        lots[3]: ("RELEASED", None),
    }


def test_trap_9_a_deposit_that_was_never_completed_gives_no_money(vault):
    user, other = vault.user(), vault.user()
    vault.vested(other, "500.00", release_day=AS_OF + timedelta(days=9))
    lot = vault.lot(user, vault.deposit(user, status="PENDING"))
    assert reasons(vault.release()) == {lot: ("LEFT", "exceeds_own_share")}


def test_a_deposit_without_its_legs_is_reported(vault):
    user = vault.user()
    operation = vault.deposit(user)
    vault.database.do(
        "DELETE FROM ledger_entries WHERE operation_id = %s AND amount > 0", operation
    )
    lot = vault.lot(user, operation)
    assert reasons(vault.release()) == {lot: ("LEFT", "deposit_legs")}


def test_a_lot_that_was_paid_though_it_says_otherwise_is_not_paid_again(vault):
    user = vault.user()
    lot = vault.vested(user)
    vault.vested(user, "200.00")
    vault.insert(
        "operations",
        type="VAULT_VESTING_RELEASE",
        status="COMPLETED",
        idempotency_key=f"VAULT_VESTING_RELEASE:{lot}",
    )
    summary = vault.release()
    assert reasons(summary)[lot] == ("LEFT", "paid_before")
    assert len(summary.of("RELEASED")) == 1


def test_what_the_database_refuses_is_left_and_stops_nobody(vault):
    user = vault.user()
    lots = [vault.vested(user, f"{100 + number}.00") for number in range(3)]
    vault.database.do(
        f"ALTER TABLE vault_vesting_lots ADD CONSTRAINT stubborn "
        f"CHECK (status = 'VESTED' OR id != '{lots[1]}')"
    )
    summary = vault.release()
    assert reasons(summary) == {
        lots[0]: ("RELEASED", None),
        lots[1]: ("LEFT", "database_refused"),
        lots[2]: ("RELEASED", None),
    }
    assert "stubborn" in "\n".join(releases.lines(summary))
    assert vault.balance(vault.pool()) == 101


def test_a_lot_of_a_backfill_that_is_not_complete_waits(vault, source_root):
    """It may still be taken back; once it is complete, the lot is paid."""
    user = vault.user()
    vault.lock(user, vault.deposit(user))
    asked = {"source": "operations", "source_type": "DEPOSITS"}
    attempt = Books(vault.database, source_root, asked, system=VESTING).begin()
    attempt.to_posted()
    assert [lot.reason for lot in vault.release().outcomes] == ["backfill_open"]
    attempt.check_balances().constrain().expect().reconcile().complete().die()
    assert [lot.outcome for lot in vault.release().outcomes] == ["RELEASED"]


def test_a_dry_run_reports_and_changes_nothing(vault):
    user = vault.user()
    vault.vested(user)
    vault.lot(user, vault.deposit(user, "70.00"), "70.00")
    before = vault.digest()
    summary = vault.release(dry_run=True)
    assert len(summary.of("RELEASED")) == 2
    assert vault.digest() == before
    said = "\n".join(releases.lines(summary))
    assert "DRY RUN MODE - No changes will be committed" in said
    assert "[DRY RUN] Would release vesting lot" in said


def test_lots_are_not_paid_out_before_their_day(vault):
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    vault.vested(vault.user())
    with pytest.raises(Refused, match="lies in the future"):
        vault.release(as_of_date=tomorrow)
    assert vault.release(as_of_date=tomorrow, dry_run=True).of("RELEASED")


def test_the_limit_counts_what_is_released_not_what_is_left(vault):
    """Lots that can never be released stand first in the queue; they must not starve the others."""
    poor, user = vault.user(), vault.user()
    for number in range(5):
        vault.vested(poor, f"{100 + number}.00", release_day=MATURE - timedelta(days=9))
    vault.withdraw(poor, "510.00")
    lots = [vault.vested(user, f"{10 + number}.00", release_day=MATURE) for number in range(3)]
    summary = vault.release(max_lots=2)
    assert [lot.lot_id for lot in summary.of("RELEASED")] == lots[:2]
    assert len(summary.of("LEFT")) == 5
