"""The nightly reconciliation through Airflow: green on good books, red and loud on broken ones."""

from datetime import UTC, datetime, timedelta

import pytest

from dag_runs import states
from runs import SAMPLE

pytestmark = pytest.mark.filterwarnings("default")

TOLD: list[tuple[str, str]] = []


def notifier(subject: str, text: str) -> None:
    """Stands where a deployment names its own."""
    TOLD.append((subject, text))


@pytest.fixture
def told(monkeypatch):
    import sys

    TOLD.clear()
    monkeypatch.setitem(sys.modules, "the_notifiers_of_a_test", sys.modules[__name__])
    monkeypatch.setenv("TRUEUP_NOTIFIERS", "the_notifiers_of_a_test.notifier, nowhere.at_all")
    return TOLD


def test_good_books_are_green_and_leave_a_report(run_dag, database, told, airflow_home):
    run_dag("ledger_backfill", **SAMPLE, dry_run=False, accept_breaks=4)
    dag_run = run_dag("nightly_reconciliation")
    assert dag_run.state == "success"
    # Without a vault there is nothing to look at there; that is no failure.
    ended = states(dag_run)
    assert {state for task, state in ended.items() if task.startswith("ledger")} == {"success"}
    assert {state for task, state in ended.items() if task.startswith("vesting")} == {"skipped"}
    night = database.row("SELECT * FROM trueup.last_nights")
    assert (night.status, night.overdue, night.in_flight) == ("clean", False, [])
    folder = airflow_home / "reports"
    assert "nothing was found" in (folder / night.night_id / "night.html").read_text()
    assert (folder / "data_docs" / night.night_id / "index.html").exists()
    assert told == []


def test_broken_books_are_red_and_somebody_is_told(run_dag, database, told):
    run_dag("ledger_backfill", **SAMPLE, dry_run=False, accept_breaks=4)
    database.do(
        "UPDATE bank_accounts SET balance = balance + 3, available_balance = available_balance + 3 "
        "WHERE id = 'collective:1945:USD'"
    )
    dag_run = run_dag("nightly_reconciliation")
    assert dag_run.state == "failed"
    assert states(dag_run)["ledger.report"] == "success"
    assert states(dag_run)["ledger.verdict"] == "failed"
    ((subject, text),) = told
    assert subject == "The books of ledger are broken"
    assert "1 trial balance, 1 moved balances" in text


def test_a_person_may_say_that_what_stands_is_right(run_dag, database, told):
    run_dag("ledger_backfill", **SAMPLE, dry_run=False, accept_breaks=4)
    database.do("UPDATE bank_accounts SET balance = balance + 3 WHERE id = 'collective:1945:USD'")
    assert run_dag("nightly_reconciliation").state == "failed"
    assert run_dag("nightly_reconciliation", learn_openings=True).state == "success"
    assert run_dag("nightly_reconciliation").state == "success"


def test_a_night_that_is_late_is_said_loudly_and_only_then(run_dag, database, told):
    from trueup.orchestration.notifying import night_is_late

    def queued(**ago: int) -> dict:
        """What Airflow says of the run whose deadline passed."""
        return {"dag_run": {"queued_at": (datetime.now(UTC) - timedelta(**ago)).isoformat()}}

    night_is_late(context=queued(hours=2))
    ((subject, text),) = told
    assert subject == "No nightly reconciliation"
    assert "Nobody has looked at the books of ledger in time" in text
    told.clear()
    # A red night is no missing one, though Airflow calls for it all the same.
    database.do(
        "INSERT INTO bank_accounts (id, currency_code, balance, available_balance) "
        "VALUES ('a', 'USD', -1, -1)"
    )
    assert run_dag("nightly_reconciliation").state == "failed"
    told.clear()
    night_is_late(context=queued(minutes=5))
    # Nor when the scheduler was away, and says so hours later.
    database.do("UPDATE trueup.nights SET looked_at = looked_at - INTERVAL '7 hours'")
    database.do("UPDATE trueup.missed_nights SET told_at = told_at - INTERVAL '7 hours'")
    night_is_late(context=queued(hours=7, minutes=5))
    assert told == []
    night_is_late(context=queued(hours=6))
    assert len(told) == 1


def test_what_was_found_is_told_though_its_report_cannot_be_written(
    run_dag, database, told, tmp_path, monkeypatch
):
    (tmp_path / "no_folder").write_text("")
    monkeypatch.setenv("TRUEUP_REPORTS", str(tmp_path / "no_folder"))
    assert run_dag("nightly_reconciliation").state == "failed"
    assert [subject for subject, _ in told] == ["No report of the books of ledger"]
    told.clear()
    database.do(
        "INSERT INTO bank_accounts (id, currency_code, balance, available_balance) "
        "VALUES ('a', 'USD', -1, -1)"
    )
    assert run_dag("nightly_reconciliation").state == "failed"
    assert [subject for subject, _ in told] == ["The books of ledger are broken"]


def test_books_that_cannot_be_looked_at_are_told_of_in_words(run_dag, database, told):
    database.do("ALTER TABLE ledger_entries ALTER COLUMN transaction_type TYPE VARCHAR(20)")
    dag_run = run_dag("nightly_reconciliation")
    assert dag_run.state == "failed"
    assert states(dag_run)["ledger.look"] == "failed"
    assert [subject for subject, _ in told] == ["No look at the books of ledger"]


def test_the_night_has_a_deadline(airflow_home):
    from airflow.dag_processing.dagbag import DagBag

    from conftest import ROOT

    dag = DagBag(dag_folder=str(ROOT / "dags" / "nightly_reconciliation.py")).dags[
        "nightly_reconciliation"
    ]
    (deadline,) = dag.deadline if isinstance(dag.deadline, list) else [dag.deadline]
    assert deadline.interval.total_seconds() == 7200
    assert deadline.callback.path.endswith("notifying.night_is_late")
