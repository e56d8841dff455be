"""Runs without Airflow: files below a source root, and the stages in the DAG's order.

`Books` is one test's ledger. `books.backfill(entries, ...)` runs a whole backfill and gives its
row; `books.begin(...)` gives an `Attempt` whose stages a test takes one by one.
"""

import csv
import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from databases import Database
from trueup import fingerprints, initial_load, journal, opening, posting, regime, statements
from trueup.errors import DataFailure, Refused
from trueup.journal import Run
from trueup.plan import Plan
from trueup.report.question import question
from trueup.run_state import Status
from trueup.sources import files
from trueup.sources.endpoints import Endpoint
from trueup.sources.mapping import CANONICAL_NAMES
from trueup.stages import (
    audit,
    back_up,
    catch_up,
    check_balances,
    complete,
    constrain,
    cut_over,
    ingest,
    post,
    preview,
    reconcile,
    roll_back,
    validate,
)
from trueup.systems import LEDGER, System

SAMPLES = Path(__file__).resolve().parents[1] / "include" / "samples"
SAMPLE = {
    "source": "opencollective/ledger_entries.csv",
    "accounts": "opencollective/bank_accounts.csv",
    "expected_balances": "opencollective/expected_balances.csv",
}

Fields = dict[str, Any]


def entry(
    debit: str = "alice", credit: str = "world", amount: str = "1.00", **fields: Any
) -> Fields:
    """One row in the source format; what is not named is a plain, valid value, None is empty."""
    return {
        "ledgerId": "MASTER",
        "debitAccountId": debit,
        "creditAccountId": credit,
        "amount": amount,
        "currencyCode": "USD",
        "assetType": "fiat",
        "transactionType": "TRANSFER",
        "referenceId": f"ref-{uuid.uuid4().hex[:12]}",
        "timestampUtc": "2020-01-01T00:00:00Z",
        "fxRate": None,
        "metadata": None,
    } | fields


def payments(number: int, accounts: Iterable[str] = ("alice", "bob", "carol")) -> list[Fields]:
    """So many entries with amounts of their own, from the world to the accounts in turn."""
    names = list(accounts)
    return [
        entry(names[i % len(names)], "world", f"{i + 1}.{i % 100:02}", referenceId=f"pay-{i:05}")
        for i in range(number)
    ]


@dataclass
class Books:
    """The ledger of one test, the folder of its files, and the runs over it."""

    database: Database
    folder: Path
    # What every run of this test is asked for, unless the test asks for something else.
    defaults: dict[str, Any] = field(default_factory=dict)
    # The Airflow connections that sources are read through.
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    system: System = LEDGER
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def backups(self) -> Path:
        """Where the runs of this test lay their backups."""
        return self.folder.parent / "backups"

    def write(self, name: str, text: str | bytes) -> str:
        """Put a file into the source root and give the name by which a plan knows it."""
        path = self.folder / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return name

    def write_entries(self, entries: Iterable[Fields], name: str = "entries.csv") -> str:
        """Write entries as a CSV with the canonical header."""
        with (self.folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(CANONICAL_NAMES)
            writer.writerows([row[column] for column in CANONICAL_NAMES] for row in entries)
        return name

    def open_account(
        self,
        account_id: str,
        balance: str = "0",
        currency: str = "USD",
        overdraft: bool = False,
        side: str = "debit",
        reserved: str = "0",
    ) -> str:
        """Open an account in the ledger itself; its balance is one that no entry explains."""
        self.database.do(
            "INSERT INTO bank_accounts (id, currency_code, balance, available_balance, "
            "reserved_balance, allow_overdraft, normal_side) "
            "VALUES (%s, %s, %s, %s::NUMERIC - %s::NUMERIC, %s, %s, %s)",
            account_id, currency, balance, balance, reserved, reserved, overdraft, side,
        )  # fmt: skip
        return account_id

    def open_world(self, *accounts: str) -> None:
        """Open the outside world, which may overdraw, and plain accounts in USD."""
        self.open_account("world", overdraft=True)
        for account in accounts or ("alice", "bob", "carol"):
            self.open_account(account)

    def post_live(self, debit: str, credit: str, amount: str, reference: str | None = None) -> None:
        """Post one entry as a live session does."""
        self.database.do(
            "SELECT post_ledger_entry('MASTER', %s, %s, %s, 'USD', 'fiat', 'LIVE', %s)",
            debit, credit, amount, reference or f"live-{next(self._numbers)}",
        )  # fmt: skip

    def begin(self, source: str | Iterable[Fields] | None = None, **params: Any) -> "Attempt":
        """Open (or resume) a run as the DAG's first task does; raises Refused as it does."""
        if source is not None:
            params["source"] = source if isinstance(source, str) else self.write_entries(source)
        params = {"dry_run": False, "retry_delay": 1} | self.defaults | params
        airflow_run_id = params.pop("airflow_run_id", f"test-{uuid.uuid4().hex}")
        plan = Plan.from_params(params)
        located = files.locate(plan, self.endpoints.__getitem__)
        connection = self.database.connect("worker")
        try:
            run = opening.open_run(
                connection,
                self.system,
                plan,
                opening.Source(
                    plan.source, plan.logical_source, plan.source_type, located.fingerprint,
                    located.mapping.fingerprint,
                ),
                opening.Attempt(self.system.backfill, airflow_run_id, "tester"),
                fingerprints.of_posting_code(self.system.name),
                lambda *_: False,
            )  # fmt: skip
        except Refused:
            connection.close()
            raise
        return Attempt(
            self.database, connection, run.run_id, run.row.attempt, located, self.backups
        )

    def backfill(self, source: str | Iterable[Fields] | None = None, **params: Any) -> Any:
        """Run a backfill to its end, as the DAG would, and give the run's row."""
        return self.begin(source, **params).to_the_end()

    def resume(self, source: str | None = None, **params: Any) -> Any:
        """Trigger the same again once the dead worker's sessions are gone, and run to the end."""
        self.wait_until_nobody_works()
        return self.begin(source or "entries.csv", **params).to_the_end()

    def wait_until_nobody_works(self) -> None:
        """The server needs a moment to notice that a client was killed."""
        for _ in range(500):
            if not self.database.value(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND application_name = 'trueup worker'"
            ):
                return
            time.sleep(0.01)
        raise AssertionError("a dead worker's session is still there after five seconds")

    def state(self) -> dict[str, Any]:
        """What the books say, without ids and clocks: equal histories give equal states."""
        rows = self.database.rows
        return {
            "entries": rows(
                "SELECT ledger_id, reference_id, debit_account_id, credit_account_id, "
                "amount::TEXT, currency_code, asset_type, transaction_type, timestamp_utc, "
                "fx_rate::TEXT, metadata::TEXT, run_line, content_hash "
                "FROM ledger_entries ORDER BY ledger_id, reference_id"
            ),
            "balances": rows(
                "SELECT id, trim_scale(balance) AS balance, "
                "trim_scale(available_balance) AS available, "
                "trim_scale(reserved_balance) AS reserved, backfill_run_id AS exempted_by "
                "FROM bank_accounts ORDER BY id"
            ),
            "outbox": rows("SELECT reference_id, status FROM dual_ledger_outbox ORDER BY 1"),
            "checkpoints": rows(
                "SELECT source_id, source_type, last_processed_id, last_processed_timestamp, "
                "total_processed, total_successful, total_failed, status "
                "FROM ledger_backfill_checkpoints ORDER BY 1, 2"
            ),
            "quarantine": rows(
                "SELECT position, reason_code, reason, raw, fields "
                "FROM trueup.quarantine ORDER BY run_id, position"
            ),
            "runs": rows(
                "SELECT status, total_read, total_posted, total_replayed, total_quarantined, "
                "breaks, left_out FROM trueup.runs WHERE NOT dry_run ORDER BY started_at"
            ),
            "keys": rows(
                "SELECT conrelid::REGCLASS::TEXT AS table_name, conname, "
                "pg_get_constraintdef(oid) AS definition, convalidated FROM pg_constraint "
                "WHERE conrelid IN ('ledger_entries'::REGCLASS, 'dual_ledger_outbox'::REGCLASS) "
                "AND contype <> 'n' ORDER BY 1, 2"
            ),
            "constraints": rows(
                "SELECT conname, convalidated FROM pg_constraint "
                "WHERE conrelid = 'bank_accounts'::REGCLASS ORDER BY conname"
            ),
        }

    def balances(self) -> dict[str, str]:
        """Every account's balance as text."""
        return dict(
            self.database.rows("SELECT id, trim_scale(balance)::TEXT FROM bank_accounts ORDER BY 1")
        )

    def references(self) -> list[str]:
        """Every entry's reference."""
        return [
            row.reference_id
            for row in self.database.rows("SELECT reference_id FROM ledger_entries ORDER BY 1")
        ]

    def disagreements(self, openings: dict[str, str] | None = None) -> list[Any]:
        """Accounts whose stored balance is not opening balance plus entries, as others see it."""
        return self.database.rows(
            """
            WITH legs AS (
                SELECT account_id, sum(CASE side WHEN 'debit' THEN amount ELSE -amount END) AS debit
                FROM ledger_entry_legs GROUP BY account_id
            )
            SELECT id, balance, available_balance, reserved_balance, debit FROM bank_accounts
            LEFT JOIN legs ON legs.account_id = id
            LEFT JOIN jsonb_each_text(%s) AS opening ON opening.key = id
            WHERE balance <> coalesce(opening.value::NUMERIC, 0)
                + CASE normal_side WHEN 'debit' THEN 1 ELSE -1 END * coalesce(debit, 0)
                OR available_balance + reserved_balance <> balance
            """,
            json.dumps(openings or {}),
        )

    def reasons(self, run_id: str) -> dict[int, str]:
        """Line number → reason code of what a run quarantined."""
        return dict(
            self.database.rows(
                "SELECT position, reason_code FROM trueup.quarantined_rows "
                "WHERE run_id = %s ORDER BY position",
                run_id,
            )
        )

    def breaks(self, run_id: str) -> list[tuple[str, str, str]]:
        """(account, difference, cause) of a run's breaks, the largest first."""
        return [
            (row.account_id, row.difference, row.cause)
            for row in self.database.rows(
                "SELECT account_id, difference::TEXT AS difference, cause "
                "FROM trueup.balance_breaks WHERE run_id = %s "
                "ORDER BY abs(difference) DESC, account_id",
                run_id,
            )
        ]


@dataclass
class Attempt:
    """One attempt at a run: each stage moves the status first, as its task does.

    `owner` is the attempt's number: a stage reads the run afresh but stays the worker it was.
    """

    database: Database
    connection: Any
    run_id: str
    owner: int
    files: files.SourceFiles
    backups: Path

    def run(self) -> Run:
        """The run as the journal has it now, seen by this attempt's worker."""
        found = journal.read_run(self.connection, self.run_id)
        return Run(found.row._replace(attempt=self.owner), found.plan, found.system)

    @property
    def row(self) -> Any:
        """The run's row, as an outside witness reads it."""
        return self.database.row("SELECT * FROM trueup.runs WHERE run_id = %s", self.run_id)

    def move(self, status: Status, stage: str) -> Run:
        """Take a step and give the run after it."""
        journal.move(self.connection, self.run(), status, stage)
        return self.run()

    def audit(self) -> "Attempt":
        """Look at the books and the files."""
        run = self.run()
        journal.hold_worker_lock(self.connection, run)
        if run.status != Status.AUDITING:
            run = self.move(Status.AUDITING, "audit")
        audit.audit(self.connection, run, self.files, self.backups)
        return self

    def ingest(self) -> "Attempt":
        """Stage the source."""
        ingest.ingest(self.connection, self.move(Status.INGESTING, "ingest"), self.files)
        return self

    def validate(self) -> "Attempt":
        """Form the verdicts."""
        validate.validate(self.connection, self.move(Status.VALIDATING, "validate"), self.files)
        return self

    def question(self) -> str:
        """What a person would be asked to approve; the run goes no further."""
        self.audit().ingest().validate()
        text = question(self.connection, self.run())
        self.connection.close()
        return text

    def preview(self) -> "Attempt":
        """End a dry run."""
        preview.preview(self.connection, self.run())
        return self

    def back_up(self) -> "Attempt":
        """Take the backup, or pass it over where it was taken."""
        run = self.move(Status.POSTING, "back_up")
        back_up.back_up(self.connection, run, self.database.conninfo, self.backups)
        return self

    def open_posting(self) -> "Attempt":
        """Fix what the run starts from."""
        posting.open_posting(self.connection, self.move(Status.POSTING, "post"))
        return self

    def post(self, range_no: int | None = None) -> "Attempt":
        """Post one range, or all."""
        run = self.run()
        for each in journal.ranges(self.connection, run):
            if range_no in (None, each.range_no):
                post.post(self.connect, run, each.range_no, self.files)
        return self

    def post_one_batch(self, range_no: int = 0) -> posting.Checkpoint:
        """Post the next batch of a range."""
        return self.next_batch(range_no)()

    def next_batch(self, range_no: int = 0) -> Callable[[], posting.Checkpoint]:
        """What posts the next batch of a range, in the run's regime."""
        run = self.run()

        def post_it() -> posting.Checkpoint:
            if not regime.is_initial(run):
                return posting.post_next_batch(self.connection, run, range_no, run.plan.batch_size)
            with initial_load.opened(run, self.files) as loader:
                return posting.post_next_batch(
                    self.connection, run, range_no, run.plan.batch_size, loader
                )

        return post_it

    def catch_up(self) -> "Attempt":
        """Post what came into the source since."""
        catch_up.catch_up(self.connection, self.connect, self.run())
        return self

    def check_balances(self) -> "Attempt":
        """Hold balances against entries."""
        check_balances.check_balances(self.connection, self.run())
        return self

    def constrain(self) -> "Attempt":
        """Apply the constraints."""
        constrain.constrain(self.connection, self.move(Status.CONSTRAINING, "constrain"))
        return self

    def expect(self) -> "Attempt":
        """Pass by the expectations: they have tests of their own."""
        self.move(Status.EXPECTING, "expect")
        return self

    def reconcile(self) -> "Attempt":
        """Find the breaks."""
        reconcile.reconcile(self.connection, self.move(Status.RECONCILING, "reconcile"))
        return self

    def cut_over(self) -> "Attempt":
        """Switch to the new schema."""
        cut_over.cut_over(self.connection, self.move(Status.RECONCILING, "cut_over"))
        return self

    def complete(self) -> "Attempt":
        """Close the run."""
        complete.complete(self.connection, self.run())
        return self

    def roll_back(
        self, mode: str = roll_back.DELETE, cancel_sessions: bool = False
    ) -> dict[str, Any]:
        """Take the run back."""
        return roll_back.roll_back(self.connection, self.run(), mode, cancel_sessions)

    def to_validated(self) -> "Attempt":
        """Audit, ingest and validate."""
        return self.audit().ingest().validate()

    def to_posting(self) -> "Attempt":
        """All that comes before the first batch."""
        return self.to_validated().open_posting()

    def to_posted(self) -> "Attempt":
        """All up to the last batch."""
        return self.to_posting().post()

    def to_reconciled(self) -> "Attempt":
        """All but the last step."""
        return self.to_posted().check_balances().constrain().expect().reconcile()

    def to_the_end(self) -> Any:
        """Run all stages; a data failure rolls back, a refusal is written down. Gives the row."""
        run = self.run()
        try:
            if run.row.failure == "data":
                raise DataFailure(run.row.message)
            self.to_validated()
            if run.plan.dry_run:
                self.preview()
            else:
                self.open_posting().post().check_balances().constrain().expect().reconcile()
                self.complete()
        except DataFailure as failure:
            journal.record_failure(self.connection, self.run(), "data", str(failure))
            with suppress(Exception):
                self.roll_back()
        except Refused as refusal:
            journal.refuse(self.connection, self.run(), str(refusal))
        self.connection.close()
        return self.row

    def die(self) -> None:
        """End without a word, as a killed worker does."""
        self.connection.close()

    def connect(self) -> Any:
        """What a poster connects with."""
        return self.database.connect("worker")


class Killed(BaseException):
    """A worker's sudden end: nothing in the engine may catch it."""


@dataclass
class Strike:
    """A blow that falls before or after the n-th statement of a step, once."""

    number: int
    when: str
    blow: Callable[[Any], None]
    statement: str | None = None

    def during(self, step: Callable[[], Any]) -> bool:
        """Take the step; tells whether it lasted long enough for the blow to fall."""
        seen = count(1)
        original = statements.execute

        def execute(connection: Any, name: str, /, **values: Any) -> Any:
            if next(seen) != self.number:
                return original(connection, name, **values)
            self.statement = name
            if self.when == "before":
                self.blow(connection)
                return original(connection, name, **values)
            try:
                return original(connection, name, **values)
            finally:
                self.blow(connection)

        statements.execute = execute
        try:
            step()
        except Killed:
            pass
        finally:
            statements.execute = original
        return self.statement is not None


def raise_killed(connection: Any) -> None:
    """The Python process is gone."""
    raise Killed
