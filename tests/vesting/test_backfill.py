"""The backfill of vesting lots: what earns a lot, what does not, and what cannot be lost."""

import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import date, datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from demo import vault_data

from runs import Books, Strike, raise_killed
from trueup import batches, journal, nights, opening, statements
from trueup.errors import DataFailure, Refused, RollbackRefused
from trueup.stages import roll_back
from trueup.systems import VESTING
from vaults import Vault


@pytest.fixture
def lots(vault: Vault, source_root, monkeypatch: pytest.MonkeyPatch) -> Books:
    """Runs over this test's vault; nobody waits, and batches stay as large as asked for."""
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


def take_back(lots: Books, run_id: str, mode: str = "delete") -> dict[str, Any]:
    """Take a run back as the DAG rollback does."""
    with closing(lots.database.connect()) as connection:
        attempt = opening.Attempt("rollback", f"test-{uuid4()}", "tester")
        run = opening.adopt_run(connection, run_id, attempt, lambda *_: False)
        return roll_back.roll_back(connection, run, mode)


def reason(vault: Vault, operation: Any) -> tuple[str, str]:
    """Why a deposit is in quarantine, by the last run."""
    *_, found = vault.database.rows(
        "SELECT reason_code, reason FROM trueup.quarantine INNER JOIN trueup.runs USING (run_id) "
        "WHERE fields ->> 'operationId' = %s ORDER BY runs.started_at",
        str(operation),
    )
    return tuple(found)


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


def test_an_approver_sees_what_lots_each_user_would_have(vault, lots):
    rich, poor, none = vault.user(), vault.user(), vault.user()
    vault.lot(rich, locked(vault, rich, "70.00"), "70.00")
    locked(vault, rich, "1000000.50")
    locked(vault, poor, "0.01")
    vault.lot(none, locked(vault, none, "5.00"), "5.00")
    text = lots.begin(approval="manual").question()
    assert "**4 read** = 2 to post + 2 replayed + 0 quarantined." in text
    assert f"| `{rich.id}` | `AED` | 70.00 | 1,000,070.50 |" in text
    assert f"| `{poor.id}` | `AED` | 0.00 | 0.01 |" in text
    assert str(none.id) not in text


def test_trap_1_only_completed_deposits_earn_a_lot_and_the_others_are_counted(vault, lots):
    user = vault.user()
    done = locked(vault, user)
    for status in ("PENDING", "FAILED", "FAILED", "CANCELLED"):
        vault.deposit(user, status=status)
    row = lots.backfill()
    assert counts(row) == ("completed", 1, 1, 0, 0), row.message
    assert [lot.source_operation_id for lot in state(vault)] == [done]
    assert row.figures["left_aside"] == [
        {"what": "cancelled deposits earn no lot", "rows": 1},
        {"what": "failed deposits earn no lot", "rows": 2},
        {"what": "pending deposits earn no lot", "rows": 1},
    ]


def test_trap_2_a_deposit_without_a_currency_takes_its_entry_s_or_is_quarantined(vault, lots):
    user = vault.user()
    vault.pool(currency="USD")
    dollars = vault.user(currency="USD")
    untold = locked(vault, user)
    foreign = vault.deposit(dollars, currency="USD", into=vault.pool(currency="USD"))
    neither = vault.insert(
        "operations", type="VAULT_DEPOSIT", status="COMPLETED",
        operation_metadata='{"vault_code": "AVENIR"}',
    )  # fmt: skip
    row = lots.backfill(currency="AED")
    assert counts(row) == ("completed", 2, 1, 0, 1), row.message
    assert [(lot.source_operation_id, lot.currency) for lot in state(vault)] == [(untold, "AED")]
    assert reason(vault, neither)[0] == "missing_entry"
    vault.lock(dollars, foreign, currency="USD")
    row = lots.backfill(currency="USD")
    assert row.total_posted == 1, row.message
    assert {lot.currency for lot in state(vault)} == {"AED", "USD"}


def test_trap_3_days_are_utc_and_the_release_is_365_days_later(vault, lots):
    user = vault.user()
    new_york = timezone(timedelta(hours=-5))
    operation = vault.deposit(user)
    vault.lock(user, operation)
    vault.database.do(
        "UPDATE operations SET created_at = %s WHERE id = %s",
        datetime(2025, 1, 15, 23, 30, tzinfo=new_york), operation,
    )  # fmt: skip
    leap = locked(vault, user, day=date(2024, 2, 1))
    lots.backfill()
    days = {lot.source_operation_id: (lot.deposit_day, lot.release_day) for lot in state(vault)}
    assert days[operation] == (date(2025, 1, 16), date(2026, 1, 16))
    assert days[leap] == (date(2024, 2, 1), date(2025, 1, 31))


def test_trap_4_a_residue_beyond_two_decimals_is_quarantined_and_never_rounded(vault, lots):
    user = vault.user()
    residue = vault.deposit(user, "100.00000001")
    zeros = locked(vault, user, "100.10000000")
    row = lots.backfill()
    assert counts(row) == ("completed", 2, 1, 0, 1), row.message
    assert [(lot.source_operation_id, str(lot.amount)) for lot in state(vault)] == [
        (zeros, "100.10")
    ]
    assert reason(vault, residue) == (
        "excess_precision",
        f"Operation {residue}: a lot cannot hold 100.00000001 AED; nothing is rounded.",
    )


def test_each_bad_deposit_is_quarantined_with_its_operation_and_stops_nobody(vault, lots):
    user, stranger = vault.user(), vault.account("WALLET_AVAILABLE")
    good = locked(vault, user)
    nobody = vault.move("VAULT_DEPOSIT", stranger, vault.pool(), "5", vault_code="AVENIR")
    twice = vault.deposit(user)
    vault.insert(
        "ledger_entries", operation_id=twice, account_id=user.wallet, amount=-1, currency="AED",
        entry_type="DEBIT",
    )  # fmt: skip
    empty = vault.deposit(user)
    vault.database.do("ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_signed")
    vault.database.do("UPDATE ledger_entries SET amount = 0 WHERE operation_id = %s", empty)
    other = vault.deposit(user)
    told = '{"vault_code": "AVENIR", "currency": "USD"}'
    vault.database.do("UPDATE operations SET operation_metadata = %s WHERE id = %s", told, other)
    garbled = vault.deposit(user)
    vault.database.do(
        "UPDATE operations SET operation_metadata = %s WHERE id = %s",
        '{"vault_code": "AVENIR", "note": "\\u0000"}', garbled,
    )  # fmt: skip
    row = lots.backfill()
    assert counts(row) == ("completed", 6, 1, 0, 5), row.message
    assert [lot.source_operation_id for lot in state(vault)] == [good]
    found = {
        operation: reason(vault, operation) for operation in (nobody, twice, empty, other, garbled)
    }
    assert {operation: code for operation, (code, _) in found.items()} == {
        nobody: "unknown_user", twice: "ambiguous_entry", empty: "invalid_amount",
        other: "currency_mismatch", garbled: "invalid_metadata",
    }  # fmt: skip
    assert all(str(operation) in words for operation, (_, words) in found.items())


def test_without_the_vault_nothing_is_created_and_the_refusal_says_so(vault, lots):
    wallet, somewhere = vault.user().wallet, vault.account("VAULT_POOL_CASH")
    vault.move("VAULT_DEPOSIT", wallet, somewhere, "1", vault_code="AVENIR")
    row = lots.backfill()
    assert row.status == "refused"
    assert "unknown_vault" in row.message


def test_nothing_to_backfill_is_refused_in_words(vault, lots):
    vault.pool()
    row = lots.backfill()
    assert row.status == "refused"
    assert "no completed AVENIR deposit" in row.message


def test_a_dry_run_changes_nothing_and_says_what_it_would_create(vault, lots, caplog):
    user = vault.user()
    operation = locked(vault, user, "10000.00", day=date(2025, 1, 15))
    with caplog.at_level(logging.INFO):
        row = lots.backfill(dry_run=True)
    assert counts(row) == ("previewed", 1, 0, 0, 0)
    assert state(vault) == []
    said = [record.getMessage() for record in caplog.records]
    for line in (
        "AVENIR Vesting Lots Backfill",
        "DRY RUN MODE - No changes will be committed",
        "Found 1 AVENIR deposit operations to process",
        f"[DRY RUN] Would create vesting lot for operation {operation} (user={user.id}, "
        "amount=10000.00, deposit_day=2025-01-15)",
        "Created: 1", "Skipped (already exist): 0", "Errors: 0",
    ):  # fmt: skip
        assert line in said


def test_a_second_run_creates_nothing_and_skips_all(vault, lots, caplog):
    user = vault.user()
    for _ in range(12):
        locked(vault, user)
    first = lots.backfill()
    before = state(vault)
    with caplog.at_level(logging.INFO):
        second = lots.backfill()
    assert counts(first) == ("completed", 12, 12, 0, 0)
    assert counts(second) == ("completed", 12, 0, 12, 0)
    assert state(vault) == before
    said = [record.getMessage() for record in caplog.records]
    assert "Created: 0" in said
    assert "Skipped (already exist): 12" in said


def test_a_lot_of_another_content_is_no_replay(vault, lots):
    user = vault.user()
    operation = locked(vault, user, "100.00")
    vault.lot(user, operation, "99.00")
    good = locked(vault, user, "3.00")
    row = lots.backfill(accept_breaks=1)
    assert counts(row) == ("completed", 2, 1, 0, 1), row.message
    assert reason(vault, operation)[0] == "conflicting_duplicate"
    assert {str(lot.amount) for lot in state(vault)} == {"99.00", "3.00"}
    assert good


def test_a_lot_of_another_content_that_came_meanwhile_is_no_replay(vault, lots):
    user = vault.user()
    operations = [locked(vault, user) for _ in range(3)]
    attempt = lots.begin().to_posting()
    vault.lot(user, operations[0], "99.00")
    vault.lot(user, operations[1], "100.00")
    attempt.post()
    (held,) = vault.database.rows("SELECT * FROM trueup.run_ranges")
    assert (held.read, held.posted, held.replayed, held.quarantined) == (3, 1, 1, 1)
    assert reason(vault, operations[0])[0] == "conflicting_duplicate"


def test_a_released_lot_is_still_the_deposit_s(vault, lots):
    user = vault.user()
    vault.vested(user)
    vault.release()
    row = lots.backfill()
    assert counts(row) == ("completed", 1, 0, 1, 0), row.message
    assert {lot.status for lot in state(vault)} == {"RELEASED"}


def test_limit_takes_the_earliest_deposits_and_compares_only_whose_all_have_lots(vault, lots):
    many, one = vault.user(), vault.user()
    days = [date(2024, 1, 1) + timedelta(days=number) for number in range(5)]
    for day in reversed(days):
        locked(vault, many, day=day)
    locked(vault, one, day=date(2023, 12, 31))
    row = lots.backfill(limit=3)
    assert counts(row) == ("completed", 3, 3, 0, 0), row.message
    assert sorted(lot.deposit_day for lot in state(vault)) == [date(2023, 12, 31), *days[:2]]
    row = lots.backfill()
    assert counts(row) == ("completed", 6, 3, 3, 0), row.message


def test_user_id_takes_one_user_s_deposits(vault, lots):
    one, other = vault.user(), vault.user()
    locked(vault, one)
    locked(vault, other)
    row = lots.backfill(user_id=str(one.id))
    assert counts(row) == ("completed", 1, 1, 0, 0), row.message
    assert [lot.user_id for lot in state(vault)] == [one.id]


@pytest.mark.parametrize("asked", [{"user_id": "nobody"}, {"currency": "dirhams"}])
def test_a_filter_that_cannot_be_is_refused_in_words(lots, asked):
    with pytest.raises(Refused, match=next(iter(asked))):
        lots.begin(**asked)


def test_locks_that_differ_are_breaks_with_a_cause_and_take_the_run_back(vault, lots):
    user = vault.user()
    vault.deposit(user, "100.00")
    residue = vault.deposit(vault.user(), "7.001")
    row = lots.backfill()
    assert row.status == "rolled_back"
    assert row.state_hash_before == row.state_hash_after
    assert state(vault) == []
    row = lots.backfill(accept_breaks=1)
    assert row.status == "completed", row.message
    assert lots.breaks(row.run_id) == [
        (str(user.id), "100.00", "missing locks: the user has vested lots and no lock")
    ]
    assert reason(vault, residue)[0] == "excess_precision"


def test_a_lock_of_a_quarantined_deposit_says_which(vault, lots):
    user = vault.user()
    locked(vault, user)
    operation = vault.deposit(user, "50.00")
    vault.lock(user, operation, "50.00")
    told = '{"vault_code": "AVENIR", "currency": "USD"}'
    vault.database.do(
        "UPDATE operations SET operation_metadata = %s WHERE id = %s", told, operation
    )
    row = lots.backfill(accept_breaks=1, currency=None)
    assert row.status == "completed", row.message
    ((_, difference, cause),) = lots.breaks(row.run_id)
    assert difference == "-50.00000000"
    assert cause == f"missing lot: quarantined deposit {operation} has this amount"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_between_any_two_statements_of_a_batch_loses_and_doubles_nothing(vault, lots, when):
    user = vault.user()
    for _ in range(8):
        locked(vault, user)
    for number in range(1, 100):
        attempt = lots.begin(batch_size=4).to_posting()
        strike = Strike(number, when, raise_killed)
        fell = strike.during(attempt.next_batch())
        attempt.die()
        lots.wait_until_nobody_works()
        held = vault.database.row(
            "SELECT * FROM trueup.run_ranges WHERE run_id = %s", attempt.run_id
        )
        assert len(state(vault)) == held.posted == held.checkpoint_key, strike.statement
        row = lots.begin(batch_size=4).to_the_end()
        assert counts(row) == ("completed", 8, 8, 0, 0), (strike.statement, row.message)
        assert take_back(lots, row.run_id)["proof"] == "equal"
        if not fell:
            break
    assert number > 5


def test_a_run_that_broke_off_goes_on_after_its_last_checkpoint(vault, lots):
    user = vault.user()
    for _ in range(20):
        locked(vault, user)
    attempt = lots.begin(batch_size=7).to_posting()
    assert attempt.post_one_batch().posted == 7
    attempt.die()
    lots.wait_until_nobody_works()
    row = lots.begin(batch_size=7).to_the_end()
    assert counts(row) == ("completed", 20, 20, 0, 0), row.message
    assert row.attempt == 2


def test_two_workers_on_ranges_of_one_run_create_each_lot_once(vault, lots):
    user = vault.user()
    for _ in range(60):
        locked(vault, user)
    attempt = lots.begin(parallel_workers=2, batch_size=5).to_posting()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(attempt.post, (0, 1)))
    attempt.check_balances().constrain().expect().reconcile().complete()
    assert counts(attempt.row) == ("completed", 60, 60, 0, 0)
    assert len(state(vault)) == 60


def test_two_runs_at_once_the_second_is_refused_in_words(vault, lots):
    locked(vault, vault.user())
    lots.begin().to_posting()
    with pytest.raises(Refused, match="holds the books of vesting"):
        lots.begin(limit=1)


def test_lots_that_an_application_makes_at_the_same_time_are_replays(vault, lots):
    user = vault.user()
    operations = [locked(vault, user) for _ in range(40)]
    attempt = lots.begin(batch_size=4).to_posting()
    with ThreadPoolExecutor(2) as pool:
        posted = pool.submit(attempt.post)
        for operation in reversed(operations[::2]):
            with suppress(psycopg.errors.UniqueViolation):
                vault.lot(user, operation)
        posted.result()
    attempt.check_balances().constrain().expect().reconcile().complete()
    row = attempt.row
    assert (row.status, row.total_posted + row.total_replayed) == ("completed", 40)
    assert len(state(vault)) == 40


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


def test_a_rollback_after_a_partial_release_is_refused_in_words(vault, lots):
    user = vault.user()
    for _ in range(3):
        locked(vault, user)
    row = lots.backfill()
    vault.release(max_lots=1)
    before = state(vault)
    with pytest.raises(RollbackRefused, match=r"1 of the 3 lots .* were released or cancelled"):
        take_back(lots, row.run_id)
    assert state(vault) == before
    assert vault.database.value("SELECT status FROM trueup.runs") == "completed"


def test_a_lot_that_is_released_while_its_run_is_taken_back_stays(vault, lots, monkeypatch):
    user = vault.user()
    for _ in range(3):
        locked(vault, user)
    row = lots.backfill()
    original = statements.execute

    def release_first(connection: Any, name: str, /, **values: Any) -> Any:
        # A release that judged the lot before the rollback began commits now.
        if name == "vesting/roll_back/lock_entries":
            vault.database.do(
                "UPDATE vault_vesting_lots SET status = 'RELEASED', released_amount = amount "
                "WHERE run_line = 2"
            )
        return original(connection, name, **values)

    monkeypatch.setattr(statements, "execute", release_first)
    with pytest.raises(RollbackRefused, match="released or cancelled"):
        take_back(lots, row.run_id)
    assert len(state(vault)) == 3
    assert vault.database.value("SELECT status FROM trueup.runs") == "rollback_failed"


def test_reversing_is_refused_for_what_has_no_reverse(vault, lots):
    locked(vault, vault.user())
    row = lots.backfill()
    with pytest.raises(RollbackRefused, match="mode delete"):
        take_back(lots, row.run_id, "reverse")
    assert len(state(vault)) == 1


def test_others_release_older_lots_meanwhile_and_the_hash_is_not_provable(vault, lots):
    user = vault.user()
    vault.vested(user, "5.00", day=date(2022, 1, 1))
    locked(vault, user)
    row = lots.backfill()
    vault.release(max_lots=1)
    assert take_back(lots, row.run_id)["proof"] == "not provable"
    assert len(state(vault)) == 1


def test_quarantined_deposits_are_replayed_when_they_are_mended(vault, lots):
    user = vault.user()
    locked(vault, user)
    mended = locked(vault, user, "50.00")
    told = '{"vault_code": "AVENIR", "currency": "%s"}'
    change = "UPDATE operations SET operation_metadata = %s WHERE id = %s"
    vault.database.do(change, told % "USD", mended)
    first = lots.backfill(accept_breaks=1)
    assert counts(first) == ("completed", 2, 1, 0, 1), first.message
    vault.database.do(change, told % "AED", mended)
    with closing(vault.database.connect()) as connection:
        params = opening.params_to_replay(journal.read_run(connection, first.run_id), False)
    row = lots.backfill(**params)
    assert counts(row) == ("completed", 1, 1, 0, 0), row.message
    assert len(state(vault)) == 2


@pytest.mark.parametrize("rule", [rule.name for rule in VESTING.constraints])
def test_a_check_that_is_missing_is_added_proved_and_taken_back(vault, lots, rule):
    name = f"vault_vesting_lots_{rule}"
    stands = "SELECT count(*) FROM pg_constraint WHERE conname = %s AND convalidated"
    vault.database.do(
        "ALTER TABLE vault_vesting_lots OWNER TO "
        + vault.database.value("SELECT quote_ident(current_user)")
    )
    vault.database.do(f"ALTER TABLE vault_vesting_lots DROP CONSTRAINT {name}")
    locked(vault, vault.user())
    row = lots.backfill()
    assert row.status == "completed", row.message
    assert vault.database.value(stands, name) == 1
    take_back(lots, row.run_id)
    assert vault.database.value(stands, name) == 0


def test_a_check_that_bites_no_more_takes_the_run_back(vault, lots):
    name = "vault_vesting_lots_released_within"
    vault.database.do(f"ALTER TABLE vault_vesting_lots DROP CONSTRAINT {name}")
    vault.database.do(f"ALTER TABLE vault_vesting_lots ADD CONSTRAINT {name} CHECK (amount > -1)")
    locked(vault, vault.user())
    with pytest.raises((DataFailure, psycopg.IntegrityError)):
        lots.begin().to_posted().check_balances().constrain()


def test_a_generated_vault_with_oddities_is_backfilled_and_its_breaks_have_causes(vault, lots):
    with closing(psycopg.connect(vault.database.conninfo, autocommit=True)) as connection:
        vault_data.fill(connection, 40, 500)
    row = lots.backfill(currency=None, accept_breaks=100)
    assert row.status == "completed", row.message
    assert row.total_read == row.total_posted + row.total_quarantined
    codes = vault.database.rows(
        "SELECT reason_code, count(*) FROM trueup.quarantine GROUP BY 1 ORDER BY 1"
    )
    assert dict(codes) == {"excess_precision": 2, "missing_entry": 3, "unknown_user": 1}
    assert {cause.split(":")[0] for _, _, cause in lots.breaks(row.run_id)} <= {
        "missing lot", "missing lots", "missing locks", "missing lock"
    }  # fmt: skip


def test_the_night_finds_lots_that_differ_from_locks_and_from_deposits(vault, lots):
    user = vault.user()
    for _ in range(3):
        locked(vault, user)
    lots.backfill()
    with closing(vault.database.connect()) as connection:
        night = nights.look(connection, VESTING, "nightly_reconciliation", "one")
        assert night.is_clean, nights.findings(connection, night.night_id)
        assert night.figures["measured"]["remaining_in_lots"] == {"AED": "300.00"}
        vault.database.do(
            "UPDATE wallet_locks SET status = 'RELEASED' WHERE id = ("
            "SELECT min(id::TEXT)::UUID FROM wallet_locks)"
        )
        vault.database.do(
            "UPDATE vault_vesting_lots SET deposit_day = deposit_day - 1 "
            "WHERE id = (SELECT min(id::TEXT)::UUID FROM vault_vesting_lots)"
        )
        vault.deposit(user, "9.00")
        night = nights.look(connection, VESTING, "nightly_reconciliation", "two")
        assert not night.is_clean
        found = {row.check_name: row for row in nights.findings(connection, night.night_id)}
    assert found["lots_against_locks"].cause == "closed lock: its lot is still vested"
    assert found["lots_against_locks"].subject == f"user {user.id}"
    assert "deposit day" in found["broken_lots"].cause
    assert found["missing_lots"].severity == "warning"
    assert found["missing_lots"].subject == "deposits in AED without a lot"
    # The deposit without a lot is a count, and no amount.
    assert (found["missing_lots"].difference, found["missing_lots"].currency_code) == ("1", None)
    assert night.figures["drift"] == {"AED": "100"}
