"""The reversal of a coin transaction: a new one with the mirrored entries.

What was booked stands: the journal is never updated or deleted. All rules are the database's, in
reverse_coin_transaction, so that they hold for whoever calls it.
"""

from typing import NamedTuple

import psycopg
from psycopg import Connection

from trueup import statements
from trueup.errors import Refused


class Leg(NamedTuple):
    """One entry of a reversal, in whole coins."""

    user_id: str
    direction: str
    amount: int
    balance_before: int
    balance_after: int


class Reversal(NamedTuple):
    """The new transaction and its entries; of a dry run, what they would have been."""

    reversal_id: str
    reverses: str
    dry_run: bool
    legs: list[Leg]


def reverse(
    connection: Connection,
    transaction_id: str,
    reason: str,
    external_ref: str | None = None,
    dry_run: bool = False,
) -> Reversal:
    """Reverse a transaction, in one transaction of the database; a dry run takes it back.

    Repeated with the same external_ref it gives the reversal that stands. Raises Refused, with the
    database's sentence, for what may not be reversed.
    """
    try:
        with connection.transaction(force_rollback=dry_run):
            reversal_id = statements.fetch_one(
                connection,
                "wallet/reversal/reverse",
                transaction_id=transaction_id,
                reason=reason,
                external_ref=external_ref,
            ).reversal_id
            rows = statements.fetch_all(
                connection, "wallet/reversal/list_entries", transaction_id=reversal_id
            )
    except psycopg.errors.CheckViolation as refusal:
        raise Refused(f"{refusal.diag.message_primary}.") from refusal
    return Reversal(reversal_id, transaction_id, dry_run, [Leg(*row) for row in rows])


def lines(reversal: Reversal) -> list[str]:
    """What was booked, as the log says it: a head, and a line an entry."""
    head = (
        f"[DRY RUN] Would reverse {reversal.reverses}"
        if reversal.dry_run
        else f"Reversed {reversal.reverses} by {reversal.reversal_id}"
    )
    return [
        head,
        *(
            f"   {leg.direction} {leg.user_id}: {leg.amount:,} coins "
            f"({leg.balance_before:,} → {leg.balance_after:,})"
            for leg in reversal.legs
        ),
    ]
