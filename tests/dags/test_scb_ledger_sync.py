"""The synchronisation through Airflow: green with an honest bank, red with proof with a liar."""

import json

import pytest
from demo import scb_server
from demo.scb_server import Bank

from apis import served
from dag_runs import overview, states
from runs import entry

pytestmark = pytest.mark.filterwarnings("default")

SYNC = {
    "sovereign_bank_id": "central", "start_date": "2020-01-01", "end_date": "2020-01-31",
    "accounts": "accounts.csv", "dry_run": False,
}  # fmt: skip


@pytest.fixture
def bank(run_dag, monkeypatch, tmp_path):
    (tmp_path / "accounts.csv").write_text(
        "id,currency_code,allow_overdraft\nworld,USD,true\nalice,USD,false\n"
    )
    (tmp_path / "own.csv").write_text(
        "debitAccountId,creditAccountId,amount,transactionType,referenceId,timestampUtc\n"
        "alice,world,5.00,PAY,own-1,2020-01-05T00:00:00Z\n"
        "alice,world,6.00,PAY,own-2,2020-01-06T00:00:00Z\n"
    )
    monkeypatch.setenv("TRUEUP_SOURCE_ROOTS", str(tmp_path))
    found = Bank(refuse={"own-2"})
    for number in range(1, 8):
        theirs = entry(amount=f"{number}.50", referenceId=f"scb-{number}",
                       timestampUtc=f"2020-01-0{number}T10:00:00Z")  # fmt: skip
        found.entries[theirs["referenceId"]] = theirs
    scb_server.app.state.banks = {"central": found}
    with served(scb_server.app) as port:
        connection = {
            "conn_type": "http", "host": "http://127.0.0.1", "port": port,
            "password": "scb-token", "extra": {"trueup_source": True},
        }  # fmt: skip
        monkeypatch.setenv("AIRFLOW_CONN_SCB", json.dumps(connection))
        run_dag("ledger_backfill", source="own.csv", accounts="accounts.csv", outbox=True,
                dry_run=False)  # fmt: skip
        yield found


def test_both_ledgers_end_with_all_entries_and_one_poison_row(run_dag, database, bank):
    dag_run = run_dag("scb_ledger_sync", **SYNC)
    _, run = overview(database)
    assert dag_run.state == "success"
    assert (run.status, run.total_posted) == ("completed", 7)
    assert states(dag_run)["compare"] == "success"
    assert dict(
        database.rows("SELECT status, count(*) FROM dual_ledger_outbox GROUP BY status")
    ) == {"ACKED": 8, "FAILED": 1}
    assert set(bank.entries) == {"own-1", *(f"scb-{number}" for number in range(1, 8))}


def test_a_bank_that_lies_is_found_out_and_its_entries_are_taken_back(run_dag, database, bank):
    honest = Bank.shown

    class Liar(Bank):
        """Tells one amount to who reads, and another to who compares."""

    bank.__class__ = Liar
    Liar.shown = lambda self: [
        {**each, "amount": "1.51"} if each["referenceId"] == "scb-1" and self.received else each
        for each in honest(self)
    ]
    dag_run = run_dag("scb_ledger_sync", **SYNC)
    _, run = overview(database)
    assert dag_run.state == "failed"
    assert (run.status, run.state_hash_after) == ("rolled_back", run.state_hash_before)
    assert "1 references differ between the ledgers" in run.message
    assert database.value("SELECT count(*) FROM ledger_entries") == 2


def test_a_row_whose_answer_is_lost_is_sent_again_and_takes_no_import_back(run_dag, database, bank):
    bank.lose_answers = 1
    dag_run = run_dag("scb_ledger_sync", **SYNC, max_retries=0)
    _, run = overview(database)
    assert (dag_run.state, run.status) == ("success", "completed")
    assert bank.received == ["own-1", "own-2", "own-1"]
    assert set(bank.entries) == {"own-1", *(f"scb-{number}" for number in range(1, 8))}


def test_a_right_that_expired_stops_the_run_and_fails_no_row(run_dag, database, bank):
    bank.turn_away = 401
    dag_run = run_dag("scb_ledger_sync", **SYNC)
    _, run = overview(database)
    assert (dag_run.state, run.status) == ("failed", "interrupted")
    assert "the Airflow connection scb" in run.message
    assert dict(
        database.rows("SELECT status, count(*) FROM dual_ledger_outbox GROUP BY status")
    ) == {"ACKED": 7, "QUEUED": 2}


def test_a_connection_that_is_no_source_is_refused(run_dag, database, bank, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_SCB", "http://127.0.0.1:1")
    assert run_dag("scb_ledger_sync", **SYNC).state == "failed"
    assert "not opened as a source" in overview(database)[-1].message
    monkeypatch.delenv("AIRFLOW_CONN_SCB")
    assert run_dag("scb_ledger_sync", **SYNC).state == "failed"
    assert "There is no Airflow connection 'scb'" in overview(database)[-1].message
