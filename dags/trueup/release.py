"""The release of mature vesting lots: batches of lots, each batch one transaction.

Conditions, order, limit and re-checks are those of the vesting documents. A batch locks its lots
and their users and passes over what somebody else holds, so that releases never wait for one
another and never take a lot twice; its locks last until the batch commits. The account that pays is
shared by all users and is not locked, unless it is so short that releases of different users could
overdraw it together.

A lot that cannot be released stays as it was. Every decision is a row of vesting_release_outcomes,
committed with what it decided: a job that goes on after a failure has the same trace id, so it
neither repeats a decision nor counts a lot twice against its limit.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg import Connection

from trueup import statements
from trueup.errors import Refused, Transient

# Lots a transaction: long enough to be fast, short enough that a user is soon free again.
LOTS_A_BATCH = 200

# What a reason means to the person who reads the log.
REASONS = {
    "released_before": "it was released before",
    "not_mature": "its release day has not come",
    "not_vested": "its status is not VESTED",
    "nothing_to_release": "nothing of it is left to release",
    "paid_before": "an operation that released it stands, though the lot says otherwise",
    "backfill_open": "the backfill that made it is not complete and may still be taken back",
    "deposit_legs": "its deposit does not lead from one wallet of its user to one account",
    "ambiguous_lock": "it is not certain which wallet lock is its own",
    "exceeds_own_share": "less of the user's own deposits is left in the account that pays",
    "account_would_go_negative": "the account that pays would go below zero",
    "database_refused": "the database refused it",
    "lock_missing": "no wallet lock was found",
    "lock_closed_before": "its wallet lock had been closed before",
}

_RULE = "=" * 80


@dataclass(frozen=True)
class Job:
    """One release: what is released, until which day, and how much of it.

    trace_id marks all that the job writes; a job that resumes has the one that it had before.
    as_of_date is a UTC date, max_lots counts lots that are released.
    """

    trace_id: UUID
    as_of_date: date
    currency: str = "AED"
    max_lots: int = 200
    dry_run: bool = True
    vault_code: str = "AVENIR"
    run_at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Outcome(NamedTuple):
    """What became of a lot. `amount` is what was released, or would have been."""

    lot_id: UUID
    user_id: UUID
    release_day: date
    amount: Decimal
    outcome: str
    reason: str | None
    detail: str | None

    def sentence(self, dry_run: bool) -> str:
        """The lot's line in the log."""
        doing = {
            "RELEASED": "[DRY RUN] Would release" if dry_run else "Released",
            "LEFT": "Left",
            "SKIPPED": "Skipped",
        }[self.outcome]
        why = f": {REASONS[self.reason]}" if self.reason else ""
        more = f" ({self.detail})" if self.detail else ""
        return (
            f"{doing} vesting lot {self.lot_id} (user={self.user_id}, amount={self.amount}, "
            f"release_day={self.release_day}){why}{more}"
        )


class Summary(NamedTuple):
    """What a job did. `remaining` mature lots were not decided: others held them, or the limit."""

    job: Job
    outcomes: list[Outcome]
    remaining: int

    def of(self, outcome: str) -> list[Outcome]:
        """The lots of which this became."""
        return [lot for lot in self.outcomes if lot.outcome == outcome]

    @property
    def released_amount(self) -> Decimal:
        """What was paid out in all."""
        return sum((lot.amount for lot in self.of("RELEASED")), Decimal())

    @property
    def warnings(self) -> list[Outcome]:
        """Lots that were released and at which a person should look all the same."""
        return [lot for lot in self.of("RELEASED") if lot.reason]


def release(connection: Connection, job: Job) -> Summary:
    """Release mature lots until none is left or the job has released `max_lots`.

    A dry run does the same in one transaction, and takes it back. Raises Refused for a job that
    would pay lots out before their day, and Transient, after which the same job may go on.
    """
    _check(job)
    with _taken_back(connection) if job.dry_run else nullcontext():
        while room := job.max_lots - _count_released(connection, job):
            if not _release_batch(connection, job, min(room, LOTS_A_BATCH)):
                break
        return _summary(connection, job)


def lines(summary: Summary) -> list[str]:
    """What a job did, as the log says it: a head, a line a lot, and the sums."""
    job = summary.job
    head = [_RULE, f"{job.vault_code} Vesting Lots Release", _RULE]
    if job.dry_run:
        head.append("DRY RUN MODE - No changes will be committed")
    head += [
        f"Currency: {job.currency}",
        f"As of: {job.as_of_date} (UTC)",
        f"Trace id: {job.trace_id}",
        _RULE,
        f"Found {len(summary.outcomes) + summary.remaining} mature vesting lots to process",
    ]
    return [
        *head,
        *(lot.sentence(job.dry_run) for lot in summary.outcomes),
        _RULE,
        "Release Summary",
        _RULE,
        f"Released: {len(summary.of('RELEASED'))} ({summary.released_amount} {job.currency})",
        f"Left as they were: {len(summary.of('LEFT'))}",
        f"Skipped (already released): {len(summary.of('SKIPPED'))}",
        f"Warnings: {len(summary.warnings)}",
        f"Not looked at (limit of {job.max_lots}, or held by others): {summary.remaining}",
        _RULE,
    ]


def _check(job: Job) -> None:
    if job.max_lots < 1:
        raise Refused("max_lots must be at least 1.")
    today = datetime.now(UTC).date()
    if job.as_of_date > today and not job.dry_run:
        raise Refused(
            f"as_of_date {job.as_of_date} lies in the future (today is {today}, UTC): lots would "
            "be paid out before their day. Only a dry run may look ahead."
        )


def _taken_back(connection: Connection) -> AbstractContextManager[Any]:
    return connection.transaction(force_rollback=True)


def _release_batch(connection: Connection, job: Job, most: int) -> bool:
    """Decide about the next lots, in one transaction; False when there is none to take."""
    with connection.transaction():
        taken = statements.fetch_all(
            connection, "vesting/release/take_lots", **_conditions(job), most=most
        )
        lots = [row.id for row in taken]
        if lots:
            _pay_or_leave(connection, job, lots)
    return bool(lots)


def _pay_or_leave(connection: Connection, job: Job, lots: list[UUID]) -> None:
    """Release these lots together; when the database refuses, each for itself, and leave that one.

    Their locks are held all the while: only a savepoint is taken back.
    """
    try:
        with connection.transaction():
            _pay(connection, job, lots)
    except (psycopg.IntegrityError, psycopg.DataError) as error:
        if len(lots) > 1:
            for lot in lots:
                _pay_or_leave(connection, job, [lot])
            return
        statements.execute(
            connection,
            "vesting/release/leave_lot",
            trace_id=job.trace_id,
            lot=lots[0],
            detail=str(error).splitlines()[0],
        )


def _pay(connection: Connection, job: Job, lots: list[UUID]) -> None:
    """Decide about locked lots, and write all that a release is for those that are released."""
    decided = statements.fetch_all(
        connection,
        "vesting/release/judge_lots",
        trace_id=job.trace_id,
        as_of_date=job.as_of_date,
        lots=lots,
        short_pools=_lock_short_pools(connection, job, lots),
    )
    released = [row.lot_id for row in decided if row.outcome == "RELEASED"]
    if not released:
        return
    which: dict[str, Any] = {"trace_id": job.trace_id, "released": released}
    statements.execute(
        connection, "vesting/release/insert_operations", **which, as_of_date=job.as_of_date
    )
    statements.execute(connection, "vesting/release/insert_entries", **which)
    statements.execute(connection, "vesting/release/close_locks", **which)
    statements.execute(connection, "vesting/release/release_lots", **which, run_at=job.run_at)
    written = statements.fetch_one(connection, "vesting/release/check_lots", **which)
    # A wallet lock is not locked when it is found; somebody may have closed it before we did.
    if not (
        len(released) == written.decided == written.released == written.balanced
        and written.locks_found == written.locks_closed
    ):
        raise Transient(
            f"Of {len(released)} lots, {written.released} were marked as released, "
            f"{written.balanced} have their entries, and {written.locks_closed} of "
            f"{written.locks_found} locks were closed: somebody changed them meanwhile. The batch "
            "is taken back and may be tried again."
        )


def _lock_short_pools(connection: Connection, job: Job, lots: list[UUID]) -> list[UUID]:
    """The accounts that could not pay all that is mature; the next to release out of them waits."""
    short = statements.fetch_all(
        connection,
        "vesting/release/find_short_pools",
        lots=lots,
        vault_code=job.vault_code,
        currency=job.currency,
        as_of_date=job.as_of_date,
    )
    pools = [row.account_id for row in short]
    if pools:
        statements.execute(connection, "vesting/release/lock_pools", pools=pools)
    return pools


def _count_released(connection: Connection, job: Job) -> int:
    found = statements.fetch_one(
        connection, "vesting/release/count_released", trace_id=job.trace_id
    )
    return found.lots


def _summary(connection: Connection, job: Job) -> Summary:
    remaining = statements.fetch_one(
        connection, "vesting/release/count_mature", **_conditions(job)
    ).lots
    rows = statements.fetch_all(connection, "vesting/release/list_outcomes", trace_id=job.trace_id)
    return Summary(job, [Outcome(*row) for row in rows], remaining)


def _conditions(job: Job) -> dict[str, Any]:
    return {
        "trace_id": job.trace_id,
        "vault_code": job.vault_code,
        "currency": job.currency,
        "as_of_date": job.as_of_date,
    }
