"""A vault of a test's own: users with money, deposits, withdrawals, locks and lots, by hand."""

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from databases import Database
from trueup import release as releases
from trueup import statements
from trueup.release import Job, Summary

AS_OF = date(2025, 6, 30)
DAY = date(2024, 3, 1)

# What a backfill makes of completed deposits: a lot each, where wallet and amount are in order.
DERIVE_LOTS = """
INSERT INTO vault_vesting_lots (
    vault_id, vault_code, user_id, currency, deposit_day, release_day, amount, source_operation_id
)
SELECT vault.id, vault.code, account.user_id, entry.currency, day.deposit, day.deposit + 365,
    -entry.amount, operation.id
FROM operations AS operation
JOIN vaults AS vault ON vault.code = operation.operation_metadata ->> 'vault_code'
JOIN ledger_entries AS entry ON entry.operation_id = operation.id AND entry.amount < 0
JOIN accounts AS account ON account.id = entry.account_id
CROSS JOIN LATERAL (SELECT (operation.created_at AT TIME ZONE 'UTC')::DATE AS deposit) AS day
WHERE operation.type = 'VAULT_DEPOSIT' AND operation.status = 'COMPLETED'
    AND vault.code = 'AVENIR' AND account.user_id IS NOT NULL
    AND entry.amount = round(entry.amount, 2)
"""


@dataclass
class User:
    """A user and the accounts that a deposit touches."""

    id: UUID
    wallet: UUID
    locked: UUID


class Vault:
    """One test's vault, in a database of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.vaults: dict[str, UUID] = {}
        self.pools: dict[tuple[str, str], UUID] = {}
        self._count = 0

    def insert(self, table: str, **values: Any) -> UUID:
        """Commit a row; gives its id."""
        values = {"id": uuid4()} | values
        names = ", ".join(values)
        marks = ", ".join(["%s"] * len(values))
        self.database.do(f"INSERT INTO {table} ({names}) VALUES ({marks})", *values.values())
        return values["id"]

    def account(self, kind: str, currency: str = "AED", **owner: UUID) -> UUID:
        """Open an account."""
        return self.insert("accounts", account_type=kind, currency=currency, **owner)

    def pool(self, code: str = "AVENIR", currency: str = "AED") -> UUID:
        """The account of a vault's cash; made when it is asked for first."""
        if code not in self.vaults:
            self.vaults[code] = self.insert("vaults", code=code, name=code)
        if (code, currency) not in self.pools:
            self.pools[code, currency] = self.account(
                "VAULT_POOL_CASH", currency, vault_id=self.vaults[code]
            )
        return self.pools[code, currency]

    def user(self, money: str = "1000000", currency: str = "AED") -> User:
        """A user whose wallet was topped up."""
        self._count += 1
        user = self.insert("users", email=f"user{self._count}@vault.example")
        found = User(
            user,
            self.account("WALLET_AVAILABLE", currency, user_id=user),
            self.account("WALLET_LOCKED", currency, user_id=user),
        )
        self.move("DEPOSIT_AED", self.account("INTERNAL_OMNIBUS", currency), found.wallet, money)
        return found

    def move(
        self,
        kind: str,
        payer: UUID,
        payee: UUID,
        amount: str,
        currency: str = "AED",
        at: datetime | None = None,
        vault_code: str | None = None,
        status: str = "COMPLETED",
    ) -> UUID:
        """An operation that moves money from one account to another."""
        operation = self.insert(
            "operations",
            transaction_id=uuid4(),
            type=kind,
            status=status,
            operation_metadata=f'{{"vault_code": "{vault_code}"}}' if vault_code else None,
            created_at=at or datetime.now(UTC),
        )
        for account, sign, side in ((payer, -1, "DEBIT"), (payee, 1, "CREDIT")):
            self.insert(
                "ledger_entries",
                operation_id=operation,
                account_id=account,
                amount=sign * Decimal(amount),
                currency=currency,
                entry_type=side,
            )
        return operation

    def deposit(self, user: User, amount: str = "100.00", day: date = DAY, **more: Any) -> UUID:
        """A completed deposit into AVENIR; gives the operation's id."""
        return self.move(
            "VAULT_DEPOSIT",
            user.wallet,
            more.pop("into", None) or self.pool(),
            amount,
            at=datetime.combine(day, time(9), UTC),
            vault_code="AVENIR",
            **more,
        )

    def withdraw(self, user: User, amount: str) -> UUID:
        """A withdrawal out of AVENIR's pool."""
        return self.move(
            "VAULT_WITHDRAW_EXECUTED", self.pool(), user.wallet, amount, vault_code="AVENIR"
        )

    def lot(self, user: User, operation: UUID, amount: str = "100.00", **fields: Any) -> UUID:
        """A lot as the backfill makes it, unless fields say otherwise."""
        day = fields.pop("day", DAY)
        self.pool()
        return self.insert(
            "vault_vesting_lots",
            **{
                "vault_id": self.vaults["AVENIR"],
                "vault_code": "AVENIR",
                "user_id": user.id,
                "currency": "AED",
                "deposit_day": day,
                "release_day": day + timedelta(days=365),
                "amount": Decimal(amount),
                "source_operation_id": operation,
            }
            | fields,
        )

    def lock(self, user: User, operation: UUID | None, amount: str = "100.00", **fields: Any):
        """An active lock of the vault's; without an operation it can only be found by its look."""
        day = fields.pop("day", DAY)
        self.pool()
        return self.insert(
            "wallet_locks",
            **{
                "user_id": user.id,
                "currency": "AED",
                "amount": Decimal(amount),
                "reason": "VAULT_AVENIR_VESTING",
                "reference_type": "VAULT",
                "reference_id": self.vaults["AVENIR"],
                "operation_id": operation,
                "created_at": datetime.combine(day, time(9), UTC),
            }
            | fields,
        )

    def vested(self, user: User, amount: str = "100.00", day: date = DAY, **fields: Any) -> UUID:
        """A deposit with its lock and its lot; gives the lot's id."""
        operation = self.deposit(user, amount, day)
        self.lock(user, operation, amount, day=day)
        return self.lot(user, operation, amount, day=day, **fields)

    def release(self, trace_id: UUID | None = None, **asked: Any) -> Summary:
        """Release for real, in a session of its own."""
        job = self.job(trace_id, **asked)
        with statements.connect(self.database.conninfo, "release") as connection:
            return releases.release(connection, job)

    def job(self, trace_id: UUID | None = None, **asked: Any) -> Job:
        """A job for real as of the tests' day."""
        return Job(trace_id or uuid.uuid4(), **{"as_of_date": AS_OF, "dry_run": False} | asked)

    def balance(self, account: UUID) -> Decimal:
        """The sum of an account's entries."""
        return self.database.value(
            "SELECT coalesce(sum(amount), 0) FROM ledger_entries WHERE account_id = %s", account
        )

    def status(self, lot: UUID) -> str:
        """A lot's status."""
        return self.database.value("SELECT status FROM vault_vesting_lots WHERE id = %s", lot)

    def lock_status(self, lock: UUID) -> str:
        """A lock's status."""
        return self.database.value("SELECT status FROM wallet_locks WHERE id = %s", lock)

    def digest(self) -> str:
        """A hash of all that a release could change."""
        return self.database.value(
            """
            SELECT md5(string_agg(said, '|' ORDER BY said)) FROM (
                SELECT 'operation ' || operation::TEXT AS said FROM operations AS operation
                UNION ALL SELECT 'entry ' || entry::TEXT FROM ledger_entries AS entry
                UNION ALL SELECT 'lock ' || lock::TEXT FROM wallet_locks AS lock
                UNION ALL SELECT 'lot ' || lot::TEXT FROM vault_vesting_lots AS lot
                UNION ALL SELECT 'outcome ' || o::TEXT FROM vesting_release_outcomes AS o
            ) AS everything
            """
        )


def reasons(summary: Summary) -> dict[UUID, tuple[str, str | None]]:
    """What became of each lot, and why."""
    return {lot.lot_id: (lot.outcome, lot.reason) for lot in summary.outcomes}
