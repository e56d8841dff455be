"""An older table of entries through Airflow: completed while others write, or left as it was."""

import threading

import pytest

from dag_runs import states
from trueup import fields
from trueup.errors import Refused

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def database(server):
    """A ledger of older days: no currency, reference, type or time of today's; and no journal."""
    found = server.create()
    found.do(
        'CREATE TABLE bank_accounts (id TEXT COLLATE "C" PRIMARY KEY, currency_code TEXT NOT NULL, '
        "balance NUMERIC NOT NULL, available_balance NUMERIC NOT NULL, "
        "reserved_balance NUMERIC NOT NULL DEFAULT 0, created_at TIMESTAMPTZ DEFAULT now(), "
        "updated_at TIMESTAMPTZ NOT NULL DEFAULT now())"
    )
    found.do(
        "INSERT INTO bank_accounts VALUES ('a', 'USD', 5050, 5050), ('w', 'USD', -5050, -5050)"
    )
    found.do(
        "CREATE TABLE ledger_entries (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
        'debit_account_id TEXT COLLATE "C" NOT NULL, '
        'credit_account_id TEXT COLLATE "C" NOT NULL, amount NUMERIC NOT NULL, '
        "created_at TIMESTAMPTZ NOT NULL DEFAULT now())"
    )
    found.do(
        "INSERT INTO ledger_entries (debit_account_id, credit_account_id, amount, created_at) "
        "SELECT 'a', 'w', n, TIMESTAMPTZ '2019-01-01 UTC' + n * INTERVAL '1 hour' "
        "FROM generate_series(1, 100) AS n"
    )
    for table in ("bank_accounts", "ledger_entries"):
        found.do(f"ALTER TABLE {table} OWNER TO {server.runner}")
    yield found
    server.drop(found)


def columns(database) -> list[str]:
    return [
        row.column_name
        for row in database.rows(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_name = 'ledger_entries' ORDER BY 1"
        )
    ]


def test_an_older_table_is_completed_and_can_be_worked_with(run_dag, database):
    dag_run = run_dag("ledger_fields_migration", dry_run=False, batch_size=7)
    assert dag_run.state == "success"
    first = database.row("SELECT * FROM ledger_entries ORDER BY id LIMIT 1")
    assert (first.ledger_id, first.currency_code, first.asset_type) == ("MASTER", "USD", "fiat")
    assert (first.reference_id, first.transaction_type) == ("LEGACY-1", "LEGACY")
    assert first.timestamp_utc == first.created_at
    assert database.value("SELECT sum(amount) FROM ledger_entries") == 5050
    assert database.value(
        "SELECT bool_and(attnotnull) FROM pg_attribute WHERE attrelid = 'ledger_entries'::REGCLASS "
        "AND attname IN ('ledger_id', 'currency_code', 'asset_type', 'transaction_type', "
        "'reference_id', 'timestamp_utc')"
    )
    # The books are the ledger's now: the night finds nothing wrong with them.
    database.do("UPDATE bank_accounts SET allow_overdraft = (id = 'w')")
    assert run_dag("nightly_reconciliation").state == "success"
    again = run_dag("ledger_fields_migration", dry_run=False)
    assert again.state == "success"


def test_a_dry_run_changes_nothing(run_dag, database):
    before = columns(database)
    dag_run = run_dag("ledger_fields_migration")
    assert dag_run.state == "success"
    assert states(dag_run)["add_fields"] == "skipped"
    assert columns(database) == before


@pytest.mark.parametrize(
    ("broken", "finding"),
    [
        (
            "INSERT INTO ledger_entries (debit_account_id, credit_account_id, amount) "
            "VALUES ('nobody', 'w', 1)",
            "1 rows are of an account that bank_accounts does not have, first id 101",
        ),
        (
            "UPDATE bank_accounts SET currency_code = 'EUR' WHERE id = 'w'",
            "100 rows are of accounts in another currency than the entry, first id 1",
        ),
        (
            "ALTER TABLE ledger_entries DROP COLUMN created_at",
            "100 rows have no time, neither as timestamp_utc nor in the time_column",
        ),
        (
            "ALTER TABLE ledger_entries ADD COLUMN reference_id TEXT DEFAULT 'same'",
            "100 rows would share their reference with another row, first id 1",
        ),
        ("ALTER TABLE ledger_entries DROP COLUMN amount", "has no amount: that cannot be made up"),
        ("DROP TABLE ledger_entries", "There is no table ledger_entries"),
    ],
)
def test_rows_that_cannot_be_filled_refuse_it_with_the_first_of_them(database, broken, finding):
    database.do(broken)
    with database.connect() as connection, pytest.raises(Refused, match=finding):
        fields.judge(connection, "ledger", fields.Filling())


def test_a_refusal_changes_nothing(run_dag, database):
    database.do("UPDATE bank_accounts SET currency_code = 'EUR' WHERE id = 'w'")
    before = columns(database)
    dag_run = run_dag("ledger_fields_migration", dry_run=False)
    assert dag_run.state == "failed"
    assert states(dag_run)["audit"] == "failed"
    assert columns(database) == before


def test_a_row_that_breaks_it_half_way_takes_the_fields_back_with_the_proof(
    run_dag, database, monkeypatch
):
    """After the audit somebody writes an entry that shares its reference with another."""
    before = columns(database)
    honest = fields.fill

    def meddle(connection, system, batch_size):
        filled = honest(connection, system, batch_size)
        database.do(
            "INSERT INTO ledger_entries (debit_account_id, credit_account_id, amount, reference_id)"
            " VALUES ('a', 'w', 1, 'LEGACY-1')"
        )
        return filled

    monkeypatch.setattr(fields, "fill", meddle)
    dag_run = run_dag("ledger_fields_migration", dry_run=False)
    assert dag_run.state == "failed"
    found = states(dag_run)
    assert (found["require_fields"], found["take_back"]) == ("failed", "success")
    (task,) = (task for task in dag_run.get_task_instances() if task.task_id == "take_back")
    assert task.xcom_pull(task_ids="take_back")["proof"] == "equal"
    assert columns(database) == before


def test_changed_history_is_found_by_its_hash(run_dag, database, monkeypatch):
    honest = fields.require

    def meddle(connection, system):
        database.do("UPDATE ledger_entries SET amount = 2 WHERE id = 1")
        return honest(connection, system)

    monkeypatch.setattr(fields, "require", meddle)
    dag_run = run_dag("ledger_fields_migration", dry_run=False)
    assert dag_run.state == "failed"
    assert states(dag_run)["verify_fields"] == "failed"


def test_others_write_meanwhile_and_every_step_may_be_killed_and_repeated(database, server):
    """What they write without the new fields is filled by the trigger from the first moment."""
    stop = threading.Event()
    written = []

    def write() -> None:
        with database.connect("writer") as other:
            while not stop.is_set():
                other.execute(
                    "INSERT INTO ledger_entries (debit_account_id, credit_account_id, amount) "
                    "VALUES ('a', 'w', 1)"
                )
                written.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    filling = fields.Filling()
    try:
        for _ in range(2):
            with database.connect("worker") as connection:
                first = fields.add(connection, "ledger", filling)
            with database.connect("worker") as connection:
                fields.fill(connection, "ledger", 10)
            with database.connect("worker") as connection:
                fields.require(connection, "ledger")
    finally:
        stop.set()
        writer.join()
    with database.connect("worker") as connection:
        assert fields.add(connection, "ledger", filling) == first
        fields.verify(connection, "ledger")
    assert written
    assert database.value("SELECT count(*) FROM ledger_entries") == 100 + len(written)
    assert database.value("SELECT count(DISTINCT reference_id) FROM ledger_entries") == 100 + len(
        written
    )
