"""Corrections through Airflow: four breaks to zero, and red with its proof on what cannot be."""

import pytest

from dag_runs import overview, states
from runs import SAMPLE
from trueup import corrections
from trueup.errors import OperationalFailure

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def backfilled(run_dag, database):
    run_dag("ledger_backfill", **SAMPLE, dry_run=False, accept_breaks=4)
    return database


def test_the_demos_four_breaks_go_to_zero_and_leave_four_documented_corrections(
    run_dag, backfilled
):
    dag_run = run_dag("ledger_corrections", dry_run=False, approval="auto", trust="source")
    _, run = overview(backfilled)
    assert dag_run.state == "success"
    assert (run.status, run.total_posted, run.breaks) == ("completed", 4, 0)
    assert states(dag_run)["document"] == "success"
    documented = backfilled.rows("SELECT event FROM trueup.audit_log WHERE stage = 'document'")
    assert len(documented) == 4
    assert (
        backfilled.value(
            "SELECT count(*) FROM ledger_entries WHERE reference_id LIKE 'CORRECTION-%%'"
        )
        == 4
    )


def test_books_that_still_break_are_taken_back_with_the_proof(run_dag, backfilled):
    """Somebody moves an account's entries between approval and proof."""
    backfilled.do(
        "CREATE FUNCTION meddle() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.transaction_type = 'CORRECTION' THEN NEW.timestamp_utc := now(); END IF; "
        "RETURN NEW; END $$"
    )
    backfilled.do(
        "CREATE TRIGGER meddle BEFORE INSERT ON ledger_entries FOR EACH ROW "
        "EXECUTE FUNCTION meddle()"
    )
    dag_run = run_dag("ledger_corrections", dry_run=False, approval="auto")
    _, run = overview(backfilled)
    assert dag_run.state == "failed"
    assert (run.status, run.state_hash_after) == ("rolled_back", run.state_hash_before)
    assert backfilled.value("SELECT count(*) FROM ledger_entries") == 3783


def test_a_ledger_that_nobody_has_loaded_has_nothing_to_correct(run_dag, database):
    dag_run = run_dag("ledger_corrections")
    assert dag_run.state == "failed"
    assert "nothing is to be corrected" in overview(database)[0].message


def test_what_could_not_be_documented_is_not_complete_and_goes_on(run_dag, backfilled, monkeypatch):
    honest = corrections.document

    def fail(connection, run):
        raise OperationalFailure("The disk is full.")

    monkeypatch.setattr(corrections, "document", fail)
    asked = {"dry_run": False, "approval": "auto", "trust": "source"}
    dag_run = run_dag("ledger_corrections", **asked)
    assert dag_run.state == "failed"
    _, run = overview(backfilled)
    assert run.status == "interrupted"
    monkeypatch.setattr(corrections, "document", honest)
    assert run_dag("ledger_corrections", **asked).state == "success"
    assert overview(backfilled)[-1].run_id == run.run_id
    assert (
        backfilled.value("SELECT count(*) FROM trueup.audit_log WHERE event LIKE 'Corrected %%'")
        == 4
    )


def test_the_report_says_what_the_form_did_not(run_dag, backfilled):
    run_dag("ledger_corrections", dry_run=False, approval="auto", prefix="BACKFILL-")
    given = backfilled.value(
        "SELECT figures -> 'given' FROM trueup.runs WHERE dag_id = 'ledger_corrections'"
    )
    assert sorted(given) == ["approval", "prefix"]
