"""The DAG wallet_backfill as a person meets it, over the state that the report published."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from demo import wallet_state

import wallets as hand
from dag_runs import overview, states
from dags.conftest import uri
from databases import Database, Server
from trueup import migrations
from trueup.systems import WALLET

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="session")
def published_wallets(server: Server) -> Database:
    """The template: the published state before the repair."""
    database = server.create()
    with closing(database.connect()) as connection:
        migrations.migrate(connection, WALLET)
    with closing(psycopg.connect(database.conninfo, autocommit=True)) as connection:
        wallet_state.fill_published(connection)
    return database


@pytest.fixture
def wallets(
    run_dag, server: Server, published_wallets: Database, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    """The published state, this test's own, which the DAGs are connected to."""
    clone = server.create(published_wallets)
    monkeypatch.setenv("AIRFLOW_CONN_WALLET_DB", uri(clone.conninfo))
    yield clone
    server.drop(clone)


def test_the_published_state_ends_at_zero_and_is_taken_back(run_dag, wallets, caplog):
    dag_run = run_dag("wallet_backfill", dry_run=False, true_up=True)

    (run,) = overview(wallets)
    assert dag_run.state == "success", run.message
    assert (run.status, run.total_read, run.total_posted) == ("completed", 196, 196)
    assert (run.total_replayed, run.total_quarantined, run.breaks) == (0, 0, 0)
    assert wallets.rows("SELECT * FROM trueup.expectation_results WHERE NOT success") == []
    assert hand.figures(wallets) == {
        "users": 197, "wallets": 197, "coins": 525_357, "balance": 0, "system": -525_357,
        "drifting": 0, "drift": 0, "absolute": 0,
    }  # fmt: skip

    dag_run = run_dag("nightly_reconciliation")

    assert states(dag_run)["wallet.verdict"] == "success"

    dag_run = run_dag("rollback", run_id=run.run_id)

    (run,) = overview(wallets)
    assert dag_run.state == "success"
    assert (run.status, run.state_hash_after) == ("rolled_back", run.state_hash_before)
    assert hand.figures(wallets)["absolute"] == 348_310


def test_a_run_over_a_journal_that_lies_is_red_and_taken_back_with_proof(run_dag, wallets):
    # A closed transaction of two legs that do not sum to zero: nobody can tell which one is wrong.
    wallets.do(
        """
        WITH movement AS (
            INSERT INTO coin_ledger_transactions (id, type, status)
            VALUES ('lopsided', 'transfer', 'closed')
        )
        INSERT INTO coin_journal_entries (ledger_transaction_id, wallet_id, direction, amount,
            balance_before, balance_after)
        SELECT 'lopsided', wallet_id, CASE number WHEN 1 THEN 'debit' ELSE 'credit' END, number,
            balance, balance + CASE number WHEN 1 THEN -1 ELSE 2 END
        FROM (
            SELECT wallet_id, balance, row_number() OVER (ORDER BY wallet_id) AS number
            FROM user_wallet ORDER BY wallet_id LIMIT 2
        ) AS two
        """
    )
    before = wallets.rows("SELECT * FROM user_wallet ORDER BY wallet_id")

    dag_run = run_dag("wallet_backfill", dry_run=False, true_up=True)

    (run,) = overview(wallets)
    assert dag_run.state == "failed"
    assert run.status == "rolled_back", run.message
    assert "coin_ledger_transactions_closed_in_balance" in run.message
    assert run.state_hash_after == run.state_hash_before
    assert states(dag_run)["verdict"] == "failed"
    after = wallets.rows("SELECT * FROM user_wallet ORDER BY wallet_id")
    assert [row[:5] for row in after] == [row[:5] for row in before]


def test_a_dry_run_is_green_and_changes_nothing(run_dag, wallets):
    dag_run = run_dag("wallet_backfill", true_up=True)

    (run,) = overview(wallets)
    assert (dag_run.state, run.status) == ("success", "previewed")
    assert hand.figures(wallets)["wallets"] == 87
