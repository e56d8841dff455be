"""The migration through Airflow: green on good data, red with its proof on broken data."""

import pytest

from dag_runs import overview, states

pytestmark = pytest.mark.filterwarnings("default")

OLD = {"accounts": "legacy/bank_accounts.csv", "dry_run": False}


@pytest.fixture
def legacy(database, run_dag, monkeypatch, tmp_path):
    """An old table of thirty entries, and the accounts that it speaks of."""
    folder = tmp_path / "legacy"
    folder.mkdir()
    accounts = ["id,currency_code,allow_overdraft", "world,USD,true", "a,USD,false", "b,USD,false"]
    (folder / "bank_accounts.csv").write_text("\n".join(accounts) + "\n")
    monkeypatch.setenv("TRUEUP_SOURCE_ROOTS", str(tmp_path))
    database.do(
        "CREATE TABLE ledger_entries_legacy AS SELECT n AS id, "
        "CASE n % 2 WHEN 0 THEN 'a' ELSE 'b' END AS debit_account_id, "
        "'world' AS credit_account_id, n + 0.25 AS amount, 'OLD' AS transaction_type "
        "FROM generate_series(1, 30) AS n"
    )
    database.do("GRANT SELECT, UPDATE ON ledger_entries_legacy TO PUBLIC")
    return database


def test_an_old_table_is_migrated(legacy, run_dag):
    dag_run = run_dag("ledger_schema_migration", **OLD)
    (run,) = overview(legacy)
    assert dag_run.state == "success"
    assert (run.status, run.total_read, run.total_posted) == ("completed", 30, 30)
    assert states(dag_run)["catch_up"] == "success"
    assert legacy.value("SELECT count(*) FROM ledger_entries_legacy") == 30


def test_the_form_begins_with_a_dry_run(legacy, run_dag):
    dag_run = run_dag("ledger_schema_migration", accounts="legacy/bank_accounts.csv")
    assert dag_run.state == "success"
    assert overview(legacy)[0].status == "previewed"


def test_a_broken_old_table_is_taken_back_with_the_proof(legacy, run_dag):
    """An account that may not overdraw ends below zero: what was migrated goes again."""
    legacy.do("UPDATE ledger_entries_legacy SET debit_account_id = 'world', credit_account_id = 'a'"
              " WHERE id = 30")  # fmt: skip
    legacy.do("UPDATE ledger_entries_legacy SET amount = 5000 WHERE id = 30")
    dag_run = run_dag("ledger_schema_migration", **OLD)
    (run,) = overview(legacy)
    assert dag_run.state == "failed"
    assert run.status == "rolled_back"
    assert run.state_hash_after == run.state_hash_before
    assert "insufficient_funds" in run.message
    assert legacy.value("SELECT count(*) FROM ledger_entries") == 0


def test_a_shape_that_is_not_the_tables_is_refused(legacy, run_dag):
    dag_run = run_dag("ledger_schema_migration", **OLD, source_type="LEGS")
    assert dag_run.state == "failed"
    assert overview(legacy)[0].status == "refused"
