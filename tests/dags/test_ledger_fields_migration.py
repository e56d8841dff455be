"""An older table of entries through Airflow: completed while others write, or left as it was."""

import logging
import threading
import time
from typing import Any

import psycopg
import pytest

from dag_runs import states
from trueup import fields
from trueup.errors import DataFailure, Refused

pytestmark = pytest.mark.filterwarnings("default")

OLD_WRITER = (
    "INSERT INTO ledger_entries (debit_account_id, credit_account_id, amount) VALUES ('a', 'w', 1)"
)


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


def shape(database) -> list[Any]:
    """What a writer must obey: the columns and whether they may be empty, rules, indexes."""
    return database.rows(
        "SELECT attname::TEXT AS name, attnotnull::TEXT AS rule FROM pg_attribute "
        "WHERE attrelid = 'ledger_entries'::REGCLASS AND attnum > 0 AND NOT attisdropped "
        "UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid = 'ledger_entries'::REGCLASS "
        "UNION ALL SELECT indexrelid::REGCLASS::TEXT, indisvalid::TEXT FROM pg_index "
        "WHERE indrelid = 'ledger_entries'::REGCLASS ORDER BY 1, 2"
    )


@pytest.fixture
def verdict(airflow_home, caplog):
    """What the log of the task verdict says, an alert included, as a function."""
    # Airflow sets up its logging as it is imported, and would shut pytest's out in the first test.
    from airflow.utils.cli import get_bagged_dag  # noqa: F401

    caplog.set_level(logging.INFO, logger="trueup")
    return lambda: " ".join(
        record.getMessage() for record in caplog.records if record.funcName in ("verdict", "notify")
    )


def test_an_older_table_is_completed_and_can_be_worked_with(run_dag, database, verdict):
    dag_run = run_dag("ledger_fields_migration", dry_run=False, batch_size=7)
    assert dag_run.state == "success"
    assert "ledger_entries has all fields; asset_type, currency_code" in verdict()
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


def test_a_dry_run_changes_nothing_and_says_what_would_be_changed(run_dag, database, verdict):
    before = columns(database)
    dag_run = run_dag("ledger_fields_migration")
    assert dag_run.state == "success"
    found = states(dag_run)
    assert found["verdict"] == "success"
    assert {found[name] for name in ("add_fields", "verify_fields", "take_back")} == {"skipped"}
    assert "Dry run, nothing was changed. 100 rows. Fields to add: asset" in verdict()
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


def test_a_refusal_changes_nothing_and_is_told(run_dag, database, verdict, target, connect_alerts):
    connect_alerts(target.address)
    database.do("UPDATE bank_accounts SET currency_code = 'EUR' WHERE id = 'w'")
    before = columns(database)
    dag_run = run_dag("ledger_fields_migration", dry_run=False)
    assert dag_run.state == "failed"
    found = states(dag_run)
    assert (found["audit"], found["verdict"]) == ("failed", "failed")
    assert "audit failed: ledger_entries cannot be filled: 100 rows" in verdict()
    assert target.subjects == ["The migration of fields broke off"]
    assert target.told[0]["message"].endswith("#ledger_fields_migration")
    assert columns(database) == before


def test_an_index_that_has_the_name_of_the_key_is_not_replaced(database):
    database.do("CREATE INDEX ledger_entries_reference_unique ON ledger_entries (amount)")
    with database.connect() as connection, pytest.raises(Refused, match="drop or rename it"):
        fields.judge(connection, "ledger", fields.Filling())


def test_a_row_that_breaks_it_half_way_takes_the_fields_back_with_the_proof(
    run_dag, database, monkeypatch, verdict
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
    assert found["verdict"] == "failed"
    told = verdict()
    assert "require_fields failed: The table breaks what is required of it" in told
    assert "All was taken back, removed: asset_type, currency_code" in told
    assert "The hash of the rows of before: equal." in told


def test_when_the_surroundings_fail_what_is_done_stands(run_dag, database, monkeypatch, verdict):
    before = columns(database)

    def lack_rights(*_):
        raise psycopg.errors.InsufficientPrivilege("permission denied")

    with monkeypatch.context() as meddled:
        meddled.setattr(fields, "fill", lack_rights)
        dag_run = run_dag("ledger_fields_migration", dry_run=False)
    found = states(dag_run)
    assert (dag_run.state, found["take_back"], found["verdict"]) == ("failed", "skipped", "failed")
    told = verdict()
    assert "fill_fields failed: The database refused a statement: permission denied" in told
    assert "What is done stands" in told
    assert columns(database) != before
    assert run_dag("ledger_fields_migration", dry_run=False).state == "success"


BREAKS_A_PROMISE = (
    # The trigger finds no currency for an account that nobody knows.
    "INSERT INTO ledger_entries (debit_account_id, credit_account_id, amount) "
    "VALUES ('nobody', 'w', 1)"
)
BREAKS_THE_KEY = (
    "INSERT INTO ledger_entries (debit_account_id, credit_account_id, amount, reference_id) "
    "VALUES ('a', 'w', 1, 'LEGACY-1')"
)
CHANGES_HISTORY = "UPDATE ledger_entries SET amount = 2 WHERE id = 1"
BUILDS_THE_KEY = (
    "ALTER TABLE ledger_entries ADD CONSTRAINT ledger_entries_reference_unique "
    "UNIQUE (ledger_id, reference_id)"
)


def require_and_verify(connection) -> None:
    fields.require(connection, "ledger")
    fields.verify(connection, "ledger")


@pytest.mark.parametrize(
    ("stood", "meddling"),
    [
        pytest.param([], BREAKS_A_PROMISE, id="a promise half made"),
        pytest.param([], BREAKS_THE_KEY, id="an index that is invalid"),
        pytest.param([], CHANGES_HISTORY, id="all required"),
        pytest.param([BUILDS_THE_KEY], CHANGES_HISTORY, id="a key that stood before"),
        pytest.param(
            ["ALTER TABLE ledger_entries ALTER currency_code SET NOT NULL"],
            CHANGES_HISTORY,
            id="a field that was required before",
        ),
    ],
)
def test_taken_back_nothing_more_is_required_of_writers_than_before(database, stood, meddling):
    """An older table has some of the fields, and its writers do not give them always."""
    database.do("ALTER TABLE ledger_entries ADD COLUMN ledger_id TEXT, ADD reference_id TEXT")
    database.do("ALTER TABLE ledger_entries ADD COLUMN currency_code TEXT DEFAULT 'USD'")
    database.do("ALTER TABLE ledger_entries ALTER currency_code DROP DEFAULT")
    for statement in stood:
        database.do(statement)
    before = shape(database)
    with database.connect("worker") as connection:
        fields.add(connection, "ledger", fields.Filling())
        fields.fill(connection, "ledger", 1000)
        database.do(meddling)
        with pytest.raises(DataFailure):
            require_and_verify(connection)
        proof = fields.take_back(connection, "ledger")["proof"]
    assert shape(database) == before
    assert proof == ("different" if meddling == CHANGES_HISTORY else "equal")
    if not stood:
        database.do(OLD_WRITER)


def test_what_others_had_not_committed_yet_stood_before_too(database):
    """Its id is lower than the last one that is committed, and it comes to light only later."""
    other = database.connect("writer")
    other.autocommit = False
    other.execute(OLD_WRITER)
    database.do(OLD_WRITER)

    def commit_later() -> None:
        deadline = time.monotonic() + 8
        while time.monotonic() < deadline and not database.value(
            "SELECT count(*) FROM pg_locks "
            "WHERE relation = 'ledger_entries'::REGCLASS AND NOT granted"
        ):
            time.sleep(0.05)
        other.commit()

    writer = threading.Thread(target=commit_later)
    writer.start()
    with database.connect("worker") as connection:
        memory = fields.add(connection, "ledger", fields.Filling())
        writer.join()
        assert memory["last_id"] == 102
        assert database.value("SELECT count(*) FROM ledger_entries") == 102
        fields.fill(connection, "ledger", 1000)
        fields.verify(connection, "ledger")


def test_what_was_chosen_once_holds_until_it_is_taken_back(database):
    other = fields.Filling(ledger_id="OTHER")
    told = "ledger_id was 'MASTER', and is 'OTHER' now"
    with database.connect("worker") as connection:
        fields.add(connection, "ledger", fields.Filling())
        for step in (fields.judge, fields.add):
            with pytest.raises(Refused, match=told):
                step(connection, "ledger", other)
            step(connection, "ledger", fields.Filling())
        fields.take_back(connection, "ledger")
        fields.judge(connection, "ledger", other)
        assert fields.add(connection, "ledger", other)["filling"]["ledger_id"] == "OTHER"


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
