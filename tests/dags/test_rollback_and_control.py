"""Taking back, pausing, resuming and replaying through Airflow."""

import pytest

from dag_runs import overview, states
from runs import SAMPLE

pytestmark = pytest.mark.filterwarnings("default")


def test_a_completed_run_is_reversed_by_its_id(run_dag, database):
    run_dag("ledger_backfill", **SAMPLE, dry_run=False, accept_breaks=4)
    (run,) = overview(database)
    dag_run = run_dag("rollback", run_id=run.run_id, mode="reverse")
    (run,) = overview(database)
    assert dag_run.state == "success"
    assert run.status == "rolled_back"
    assert "trial balance equal" in run.message
    assert database.value("SELECT count(*) FROM ledger_entries") == 2 * 3783
    assert database.value("SELECT count(*) FROM bank_accounts WHERE balance <> 0") == 0


def test_a_rollback_that_cannot_be_is_red_and_changes_nothing(run_dag, database):
    run_dag("ledger_backfill", **SAMPLE, dry_run=False, accept_breaks=4, outbox=True)
    (run,) = overview(database)
    database.do("UPDATE dual_ledger_outbox SET status = 'ACKED' WHERE id = 1")
    dag_run = run_dag("rollback", run_id=run.run_id)
    assert dag_run.state == "failed"
    assert overview(database)[0].status == "completed"
    assert database.value("SELECT count(*) FROM ledger_entries") == 3783


def test_pausing_what_does_not_post_is_refused_in_words(run_dag, database):
    run_dag("ledger_backfill", **SAMPLE)
    (run,) = overview(database)
    dag_run = run_dag("run_control", run_id=run.run_id, action="pause")
    assert dag_run.state == "failed"
    assert states(dag_run)["trigger"] == "upstream_failed"


def test_nothing_to_replay_is_refused_in_words(run_dag, database):
    run_dag("ledger_backfill", **SAMPLE, dry_run=False, accept_breaks=4)
    (run,) = overview(database)
    assert run_dag("run_control", run_id=run.run_id, action="replay").state == "failed"
