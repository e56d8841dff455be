"""A backfill from an API and from a database, as Airflow's own connections describe them."""

import json

import pytest
from psycopg.conninfo import conninfo_to_dict

from apis import serving
from dag_runs import overview
from runs import entry

pytestmark = pytest.mark.filterwarnings("default")

API = {"source": "/entries", "source_type": "API", "source_connection": "bank", "mapping": "m.yaml"}
TABLE = {"source": "legacy", "source_type": "DATABASE", "source_connection": "legacy_bank"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "accounts.csv").write_text(
        "id,currency_code,allow_overdraft\nworld,USD,true\nalice,USD,false\n"
    )
    (tmp_path / "m.yaml").write_text("api: {page_size: 5, key: referenceId}\n")
    monkeypatch.setenv("TRUEUP_SOURCE_ROOTS", str(tmp_path))
    return tmp_path


@pytest.fixture
def api(monkeypatch):
    """An API that lets in who brings the connection's token."""
    with serving() as served:
        served.records = [entry(amount=f"{n}.25", referenceId=f"r{n}") for n in range(1, 13)]
        connection = {
            "conn_type": "http", "host": "http://127.0.0.1", "port": served.port,
            "password": "a-token", "extra": {"trueup_source": True},
        }  # fmt: skip
        monkeypatch.setenv("AIRFLOW_CONN_BANK", json.dumps(connection))
        yield served


@pytest.fixture
def legacy(database, monkeypatch):
    """The table of another bank, and a connection that is no source yet; give the connection."""
    database.do(
        "CREATE TABLE legacy AS SELECT n AS id, 'alice' AS debit_account_id, "
        "'world' AS credit_account_id, n + 0.25 AS amount, 'T' AS transaction_type, "
        "'r' || n AS reference_id FROM generate_series(1, 12) AS n"
    )
    database.do("GRANT SELECT ON legacy TO PUBLIC")
    parts = conninfo_to_dict(database.conninfo)
    connection = {
        "conn_type": "postgres", "host": parts["host"], "port": int(parts["port"]),
        "login": parts["user"], "password": parts.get("password"), "schema": parts["dbname"],
    }  # fmt: skip
    monkeypatch.setenv("AIRFLOW_CONN_LEGACY_BANK", json.dumps(connection))
    return connection


def test_an_api_is_read_with_the_connections_token(run_dag, database, api):
    dag_run = run_dag("ledger_backfill", **API, accounts="accounts.csv", dry_run=False)
    (run,) = overview(database)
    assert dag_run.state == "success"
    assert (run.status, run.total_read, run.total_posted) == ("completed", 12, 12)
    assert {headers["authorization"] for headers in api.headers} == {"Bearer a-token"}


def test_an_approval_dies_when_the_api_says_something_else(run_dag, database, api):
    run_dag("ledger_backfill", **API, accounts="accounts.csv")
    (dry,) = overview(database)
    api.records[3]["amount"] = "1000.00"
    dag_run = run_dag(
        "ledger_backfill", **API, accounts="accounts.csv", dry_run=False, approved_digest=dry.digest
    )
    assert dag_run.state == "failed"
    assert overview(database)[-1].status == "refused"
    assert database.value("SELECT count(*) FROM ledger_entries") == 0


def test_a_database_is_read_once_its_connection_was_opened(run_dag, database, legacy, monkeypatch):
    asked = TABLE | {"accounts": "accounts.csv", "dry_run": False}
    assert run_dag("ledger_backfill", **asked).state == "failed"
    assert "not opened as a source" in overview(database)[0].message
    monkeypatch.setenv(
        "AIRFLOW_CONN_LEGACY_BANK", json.dumps(legacy | {"extra": {"trueup_source": True}})
    )
    assert run_dag("ledger_backfill", **asked).state == "success"
    run = overview(database)[-1]
    assert (run.status, run.total_read, run.total_posted) == ("completed", 12, 12)
