"""What is missing is created, what differs is refused with the difference."""

import re
import threading
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from databases import Database
from trueup import migrations, statements
from trueup.errors import Refused
from trueup.systems import LEDGER

GRANTS = Path(__file__).resolve().parents[2] / "docs" / "grants.sql"
UPS = sorted(statements.SQL_FOLDER.glob("*/schema/*.up.sql"))

SCHEMA = """
    SELECT 'column' AS kind, format('%I.%I.%I', table_schema, table_name, column_name) AS name,
        concat_ws(' ', data_type, udt_name, is_nullable, column_default, collation_name,
            is_identity, generation_expression) AS definition
    FROM information_schema.columns WHERE table_schema IN ('public', 'trueup')
    UNION ALL
    SELECT 'constraint', format('%s %I', conrelid::REGCLASS, conname), pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace::REGNAMESPACE::TEXT IN ('public', 'trueup')
    UNION ALL
    SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname IN ('public', 'trueup')
    UNION ALL
    SELECT 'function', oid::REGPROCEDURE::TEXT, md5(pg_get_functiondef(oid))
    FROM pg_proc WHERE pronamespace::REGNAMESPACE::TEXT IN ('public', 'trueup')
    UNION ALL
    SELECT 'view', viewname, definition FROM pg_views WHERE schemaname IN ('public', 'trueup')
    ORDER BY 1, 2, 3
"""


def migrate(database: Database) -> list[str]:
    connection = database.connect()
    try:
        return migrations.migrate(connection, LEDGER)
    finally:
        connection.close()


@pytest.mark.parametrize("up", UPS, ids=lambda path: path.name)
def test_every_up_has_its_down_beside_it(up):
    assert up.with_name(up.name.replace(".up.", ".down.")).is_file()


def test_up_and_down_and_up_again_leaves_the_same_schema(empty_database):
    migrate(empty_database)
    before = empty_database.rows(SCHEMA)
    connection = empty_database.connect()
    downs = [
        path.with_name(path.name.replace(".up.", ".down."))
        for system in ("ledger", "trueup")
        for path in reversed(UPS)
        if path.parts[-3] == system
    ]
    for down in downs:
        connection.execute(down.read_text(encoding="utf-8"))
    assert (
        empty_database.rows("SELECT 1 FROM pg_tables WHERE schemaname IN ('public', 'trueup')")
        == []
    )
    assert migrate(empty_database)
    assert empty_database.rows(SCHEMA) == before


def test_a_second_migration_finds_nothing_to_do(database):
    assert migrate(database) == []


def test_many_migrations_at_once_apply_everything_once(empty_database):
    start = threading.Barrier(4)
    applied: list[list[str]] = []

    def migrate_too() -> None:
        start.wait()
        applied.append(migrate(empty_database))

    threads = [threading.Thread(target=migrate_too) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(bool, applied)) == [False, False, False, True]
    migrations.check_tables(empty_database.conninfo, LEDGER)


def test_the_schema_that_is_created_is_the_one_that_is_checked(database):
    migrations.check_tables(database.conninfo, LEDGER)


def test_a_migration_that_was_changed_after_it_was_applied_is_refused(database):
    database.do(
        "UPDATE trueup.schema_migrations SET checksum = 'x' WHERE name LIKE 'ledger/schema/0001%'"
    )
    with pytest.raises(Refused, match=r"ledger/schema/0001_ledger.up was changed after it was"):
        migrate(database)


def test_a_function_that_has_changed_is_replaced(database):
    database.do(
        "UPDATE trueup.schema_migrations SET checksum = 'x' "
        "WHERE name = 'ledger/functions/post_ledger_entry'"
    )
    assert migrate(database) == ["ledger/functions/post_ledger_entry"]


# On a ledger that stands


ACCOUNTS = "CREATE TABLE bank_accounts (id TEXT PRIMARY KEY, currency_code TEXT NOT NULL, {})"
BALANCES = (
    "balance NUMERIC NOT NULL DEFAULT 0, available_balance NUMERIC NOT NULL DEFAULT 0, "
    "reserved_balance NUMERIC NOT NULL DEFAULT 0, owner TEXT"
)


def stand(database: Database, statement: str) -> None:
    connection = database.connect()
    connection.execute(statement)
    connection.close()


def test_missing_columns_are_added_to_a_table_that_stands_and_its_rows_stay(empty_database):
    stand(empty_database, ACCOUNTS.format(BALANCES))
    empty_database.do("INSERT INTO bank_accounts VALUES ('old', 'USD', 7, 7, 0, 'Ada')")
    migrate(empty_database)
    migrations.check_tables(empty_database.conninfo, LEDGER)
    row = empty_database.row("SELECT * FROM bank_accounts")
    assert (row.id, row.balance, row.owner) == ("old", 7, "Ada")
    assert (row.normal_side, row.allow_overdraft, row.backfill_run_id) == ("debit", False, None)


def test_a_column_of_another_type_is_refused_with_the_difference(empty_database):
    floats = BALANCES.replace("balance NUMERIC", "balance DOUBLE PRECISION", 1)
    stand(empty_database, ACCOUNTS.format(floats))
    migrate(empty_database)
    with pytest.raises(Refused, match=r"bank_accounts.balance is double precision, not numeric"):
        migrations.check_tables(empty_database.conninfo, LEDGER)


def test_a_column_that_is_missing_and_has_no_default_is_refused_by_name(empty_database):
    stand(empty_database, ACCOUNTS.format("balance NUMERIC NOT NULL DEFAULT 0"))
    migrate(empty_database)
    with pytest.raises(Refused) as refused:
        migrations.check_tables(empty_database.conninfo, LEDGER)
    assert "bank_accounts.available_balance is missing" in str(refused.value)
    assert "bank_accounts.reserved_balance is missing" in str(refused.value)


def test_entries_without_their_unique_key_are_refused(database):
    database.do("ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_reference_unique")
    with pytest.raises(
        Refused, match=r"ledger_entries has no unique key on \(ledger_id, reference_id\)"
    ):
        migrations.check_tables(database.conninfo, LEDGER)


def test_accounts_with_numbers_as_ids_are_refused_with_the_difference_and_left_alone(
    empty_database,
):
    stand(empty_database, ACCOUNTS.format(BALANCES).replace("id TEXT", "id BIGINT"))
    before = empty_database.rows(SCHEMA)
    with pytest.raises(Refused) as refused:
        migrate(empty_database)
    assert "ledger/schema/0001_ledger.up" in str(refused.value)
    assert "incompatible types: text and bigint" in str(refused.value)
    assert empty_database.rows(SCHEMA) == before


def test_entries_that_lack_a_column_are_refused_in_words_and_left_alone(empty_database):
    stand(empty_database, "CREATE TABLE ledger_entries (id BIGINT PRIMARY KEY, note TEXT)")
    before = empty_database.rows(SCHEMA)
    with pytest.raises(Refused, match="is not as ledger/"):
        migrate(empty_database)
    assert empty_database.rows(SCHEMA) == before


def test_a_role_that_may_not_create_gets_a_sentence(server, empty_database):
    server.connection.execute(
        f"REVOKE CREATE ON DATABASE {empty_database.name} FROM {server.runner}"
    )
    if empty_database.value("SELECT has_database_privilege(current_database(), 'CREATE')"):
        pytest.skip("the role of the tests owns its databases on this server")
    with pytest.raises(Refused) as refused:
        migrate(empty_database)
    assert "may not create what is missing" in str(refused.value)
    assert "python -m trueup.migrations ledger" in str(refused.value)


# By hand


def test_by_hand_it_says_what_it_did(empty_database, monkeypatch, capsys):
    monkeypatch.setenv("AIRFLOW_CONN_LEDGER_DB", empty_database.conninfo)
    migrations.main(["ledger"])
    assert "migrations applied" in capsys.readouterr().err
    migrations.check_tables(empty_database.conninfo, LEDGER)


def test_by_hand_a_missing_connection_is_named(monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_LEDGER_DB", raising=False)
    with pytest.raises(SystemExit, match="AIRFLOW_CONN_LEDGER_DB is not set"):
        migrations.main(["ledger"])


def test_by_hand_a_server_that_does_not_answer_is_a_sentence(monkeypatch, tmp_path):
    nowhere = make_conninfo(host=str(tmp_path), port=1, dbname="x", user="x")
    monkeypatch.setenv("AIRFLOW_CONN_LEDGER_DB", nowhere)
    with pytest.raises(SystemExit, match="could not be brought up to date"):
        migrations.main(["ledger"])


def test_the_currencies_are_the_pinned_ones(database):
    found = dict(database.rows("SELECT code, minor_unit FROM trueup.currencies"))
    assert {code: found[code] for code in ("USD", "JPY", "BHD", "CLF", "IQD", "XAU")} == {
        "USD": 2, "JPY": 0, "BHD": 3, "CLF": 4, "IQD": 3, "XAU": None,
    }  # fmt: skip
    assert database.value("SELECT withdrawn_on FROM trueup.currencies WHERE code = 'ITL'")


def test_the_sql_is_found_beside_the_bundle_not_in_airflow_home():
    assert Path(migrations.__file__).parents[2] / "include" / "sql" == statements.SQL_FOLDER


def test_the_grants_name_every_table_and_view_that_there_is(migrated):
    """A role that got its rights by docs/grants.sql must not miss what came later."""
    grants = GRANTS.read_text()
    relations = migrated.rows(
        "SELECT CASE relnamespace::REGNAMESPACE::TEXT WHEN 'public' THEN relname "
        "ELSE 'trueup.' || relname END AS name FROM pg_class WHERE relkind IN ('r', 'p', 'v') "
        "AND relnamespace IN ('public'::REGNAMESPACE, 'trueup'::REGNAMESPACE) "
        "AND NOT relispartition"
    )
    assert relations
    missing = [row.name for row in relations if not re.search(rf"(?<![\w.]){row.name}\b", grants)]
    assert missing == []


def test_the_readme_lists_what_is_installed_in_the_owners_schema(migrated):
    readme = (GRANTS.parents[1] / "README.md").read_text()
    installed = migrated.rows(
        "SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'v') "
        "AND relnamespace = 'public'::REGNAMESPACE UNION SELECT proname FROM pg_proc "
        "WHERE pronamespace = 'public'::REGNAMESPACE"
    )
    assert [row.name for row in installed if f"`{row.name}`" not in readme] == []
