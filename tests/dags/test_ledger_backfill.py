"""The DAG as a person meets it: whole runs through Airflow, and what its colours mean."""

from decimal import Decimal
from pathlib import Path

import pytest

from dag_runs import overview, states
from runs import SAMPLE

pytestmark = pytest.mark.filterwarnings("default")


def test_the_sample_is_posted_reconciled_and_its_four_breaks_are_found(run_dag, database):
    dag_run = run_dag("ledger_backfill", **SAMPLE, dry_run=False, accept_breaks=4)

    (run,) = overview(database)
    assert dag_run.state == "success"
    assert (run.status, run.total_read, run.total_posted) == ("completed", 3783, 3783)
    assert (run.total_replayed, run.total_quarantined, run.breaks) == (0, 0, 4)
    breaks = database.rows("SELECT account_id, difference FROM trueup.balance_breaks")
    totals = database.rows(
        "SELECT currency_code, sum(amount) FROM ledger_entries GROUP BY currency_code"
    )
    assert {tuple(row) for row in breaks} == {
        ("collective:1945:USD", Decimal("21.06")),
        ("collective:407:USD", Decimal("0.02")),
        ("collective:83:USD", Decimal("0.02")),
        ("collective:207:USD", Decimal("-0.01")),
    }
    assert dict(totals) == {"USD": Decimal("122850.16"), "EUR": Decimal("16547.68")}


def test_a_second_run_posts_nothing_and_replays_everything(run_dag, database):
    for _ in range(2):
        run_dag("ledger_backfill", **SAMPLE, dry_run=False, accept_breaks=4)

    _, second = overview(database)
    assert (second.status, second.total_posted, second.total_replayed) == ("completed", 0, 3783)


def test_one_break_too_many_takes_the_run_back_and_the_dag_run_is_red(run_dag, database):
    dag_run = run_dag("ledger_backfill", **SAMPLE, dry_run=False, accept_breaks=3)

    (run,) = overview(database)
    assert dag_run.state == "failed"
    assert run.status == "rolled_back"
    assert run.state_hash_after == run.state_hash_before
    assert states(dag_run)["roll_back"] == "success"
    assert states(dag_run)["verdict"] == "failed"
    assert database.value("SELECT count(*) FROM ledger_entries") == 0
    assert database.value("SELECT count(*) FROM bank_accounts") == 0


def test_a_dry_run_is_green_and_changes_nothing(run_dag, database):
    dag_run = run_dag("ledger_backfill", **SAMPLE)

    (run,) = overview(database)
    assert dag_run.state == "success"
    assert (run.status, run.total_read, run.total_posted) == ("previewed", 3783, 0)
    assert states(dag_run)["post"] == "skipped"
    assert database.value("SELECT count(*) FROM bank_accounts") == 0


def test_a_real_run_posts_what_the_dry_run_showed_or_is_refused(run_dag, database):
    run_dag("ledger_backfill", **SAMPLE)
    shown = overview(database)[0].digest

    other = run_dag(
        "ledger_backfill", **SAMPLE, dry_run=False, accept_breaks=4, approved_digest="0" * 64
    )
    same = run_dag(
        "ledger_backfill", **SAMPLE, dry_run=False, accept_breaks=4, approved_digest=shown
    )

    assert [run.status for run in overview(database)] == ["previewed", "refused", "completed"]
    assert (other.state, same.state) == ("failed", "success")


def test_two_ranges_post_what_one_does(run_dag, database):
    run_dag("ledger_backfill", **SAMPLE, dry_run=False, accept_breaks=4, parallel_workers=2)

    (run,) = overview(database)
    assert (run.status, run.total_posted) == ("completed", 3783)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nowhere.csv", "There is no file"),
        ("/etc/passwd", "outside the folders"),
        ("../../../../../../etc/passwd", "outside the folders"),
    ],
)
def test_a_source_that_cannot_be_read_is_refused_with_a_sentence(run_dag, database, source, words):
    dag_run = run_dag("ledger_backfill", source=source, dry_run=False)

    (run,) = overview(database)
    assert dag_run.state == "failed"
    assert run.status == "refused"
    assert words in run.message


def test_every_ending_writes_its_report(run_dag, database, airflow_home: Path):
    run_dag("ledger_backfill", **SAMPLE)
    run_dag("ledger_backfill", source="nowhere.csv")

    for run in overview(database):
        folder = airflow_home / "reports" / run.run_id
        assert {"report.html", "report.json", "report.txt"} <= {
            path.name for path in folder.iterdir()
        }
        assert run.status.upper() in (folder / "report.txt").read_text()


def test_a_completed_run_can_be_taken_back_by_its_id(run_dag, database):
    run_dag("ledger_backfill", **SAMPLE, dry_run=False, accept_breaks=4)
    (completed,) = overview(database)

    dag_run = run_dag("rollback", run_id=completed.run_id)

    (run,) = overview(database)
    assert dag_run.state == "success"
    assert run.status == "rolled_back"
    assert run.state_hash_after == run.state_hash_before


def test_a_rollback_of_a_run_that_is_not_there_is_red(run_dag, database):
    assert run_dag("rollback", run_id="ledger_backfill-nothing").state == "failed"
