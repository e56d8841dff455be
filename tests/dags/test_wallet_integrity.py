"""The wallets' DAGs as a person meets them: the health check, a reversal, a statement."""

import csv
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from coin_books import SYSTEM, CoinBooks, days_ago
from dag_runs import states
from dags.conftest import uri
from databases import Server
from trueup import migrations
from trueup.systems import WALLET

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def coins(run_dag, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[CoinBooks]:
    """Wallet tables of this test's own, to which the DAGs are connected."""
    database = server.create()
    with closing(database.connect()) as connection:
        migrations.migrate(connection, WALLET)
    monkeypatch.setenv("AIRFLOW_CONN_WALLET_DB", uri(database.conninfo))
    yield CoinBooks(database)
    server.drop(database)


@pytest.fixture
def healthy(coins: CoinBooks) -> CoinBooks:
    """Two members with coins, and the system account behind them."""
    coins.system()
    coins.member("ann", 1_000)
    coins.member("bob", 250)
    return coins


def said(dag_run: Any, task: str) -> Any:
    """What a task gave."""
    (found,) = (ti for ti in dag_run.get_task_instances() if ti.task_id == task)
    return found.xcom_pull(task_ids=task)


def test_it_is_red_on_the_published_state_and_says_why(run_dag, coins, monkeypatch):
    logged = []
    monkeypatch.setattr(
        "trueup.orchestration.integrity_tasks.log.info",
        lambda text, *values: logged.append(text % values),
    )
    coins.fill_published()
    before = coins.digest()
    dag_run = run_dag("wallet_integrity")
    assert dag_run.state == "failed"
    assert states(dag_run) == {"audit": "success", "check": "success", "verdict": "failed"}
    assert said(dag_run, "check")["drift_count"] == 109
    assert "   Treasury drift: 348,290" in logged
    row = coins.database.row("SELECT * FROM ledger_reconciliation_runs")
    assert (row.status, row.drift_count) == ("broken", 109)
    assert row.id == said(dag_run, "check")["run_id"]
    assert coins.digest() == before


def test_whoever_is_on_call_is_told(run_dag, coins, target, connect_alerts):
    coins.fill_published()
    connect_alerts(target.address)
    run_dag("wallet_integrity")
    (alert,) = target.told
    assert alert["title"] == "The wallets are broken"
    assert "109 users without a wallet; 109 users with drift (348,310 coins)" in alert["message"]
    assert "docs/runbook.md#wallet_integrity" in alert["message"]


def test_that_nobody_could_look_is_told_too(run_dag, healthy, target, connect_alerts, monkeypatch):
    connect_alerts(target.address)
    monkeypatch.setenv("AIRFLOW_CONN_WALLET_DB", "postgresql://nobody@127.0.0.1:1/none")
    dag_run = run_dag("wallet_integrity")
    assert (dag_run.state, states(dag_run)["verdict"]) == ("failed", "failed")
    assert target.subjects == ["No look at the wallets"]


def test_it_is_green_on_healthy_books_every_night(run_dag, healthy):
    for _ in range(2):
        dag_run = run_dag("wallet_integrity")
        assert dag_run.state == "success"
    assert "users, wallets and journal agree" in said(dag_run, "verdict")
    assert {
        row.status for row in healthy.database.rows("SELECT status FROM ledger_reconciliation_runs")
    } == {"clean"}


def test_a_backfill_turns_it_from_red_to_green(run_dag, coins):
    coins.fill_published()
    assert run_dag("wallet_integrity").state == "failed"
    run_dag("wallet_backfill", dry_run=False, true_up=True)
    assert run_dag("wallet_integrity").state == "success"
    report = coins.database.value(
        "SELECT report FROM ledger_reconciliation_runs ORDER BY created_at DESC LIMIT 1"
    )
    figures = report["figures"]
    assert (figures["users"], figures["wallets"]) == (197, 197)
    assert (figures["total_coins"], figures["user_balance"]) == (525_357, 525_357)
    assert (figures["system_balance"], figures["all_balance"]) == (-525_357, 0)
    assert report["earlier"][0]["figures"]["drifting_users"] == 109


def test_a_deployment_without_wallets_is_passed_over(run_dag):
    dag_run = run_dag("wallet_integrity")
    assert set(states(dag_run).values()) == {"skipped"}


def test_a_reversal_by_hand_is_a_dry_run(run_dag, healthy):
    original = healthy.post([("ann", -100), ("bob", 100)])
    before = healthy.digest()
    dag_run = run_dag("wallet_reversal", transaction_id=original, reason="Booked twice")
    assert dag_run.state == "success"
    assert said(dag_run, "verdict") == f"[DRY RUN] Would reverse {original}"
    assert healthy.digest() == before


def test_a_reversal_books_once_and_a_second_one_is_red(run_dag, healthy):
    original = healthy.post([("ann", -100), ("bob", 100)])
    asked = {"transaction_id": original, "reason": "Booked twice", "dry_run": False}
    dag_run = run_dag("wallet_reversal", **asked)
    assert dag_run.state == "success"
    assert said(dag_run, "reverse")["entries"] == 2
    assert healthy.coins("ann") == (1_000, 1_000, 1_000)
    assert healthy.check().is_clean
    again = run_dag("wallet_reversal", **asked)
    assert states(again)["reverse"] == "failed"
    assert healthy.coins("ann") == (1_000, 1_000, 1_000)


def test_a_statement_lies_in_the_reports_folder(run_dag, healthy, airflow_home):
    healthy.post([("ann", -100), (SYSTEM, 100)], "spend", "A course", days_ago(2))
    today = datetime.now(UTC).date()
    dag_run = run_dag(
        "wallet_statement",
        user_id="ann",
        from_date=(today - timedelta(days=7)).isoformat(),
        to_date=today.isoformat(),
    )
    assert dag_run.state == "success"
    path = Path(said(dag_run, "write_statement")["path"])
    assert path.is_relative_to(airflow_home / "reports" / "wallet_statements")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["balance_after"] for row in rows] == ["0", "1000", "900", "900"]


def test_a_statement_that_cannot_be_proved_is_red(run_dag, healthy):
    healthy.database.do("UPDATE user_wallet SET balance = 3 WHERE user_id = 'ann'")
    today = datetime.now(UTC).date().isoformat()
    dag_run = run_dag("wallet_statement", user_id="ann", from_date=today, to_date=today)
    assert dag_run.state == "failed"
    assert states(dag_run)["write_statement"] == "failed"
