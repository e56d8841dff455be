"""Who is on call hears of a run that failed or stalls, through real HTTP, and of nothing else."""

import logging
import re
import sys
from datetime import UTC, datetime, timedelta
from types import ModuleType

import pytest

from alerts import SECRET, listening
from conftest import ROOT
from dag_runs import overview
from dags.conftest import uri
from runs import SAMPLE
from trueup import statements

pytestmark = pytest.mark.filterwarnings("default")

POSTS = SAMPLE | {"dry_run": False, "accept_breaks": 4}


def anchors() -> set[str]:
    """The sections of the runbook, as a link names them."""
    headings = re.findall(r"^#+ (.+)$", (ROOT / "docs" / "runbook.md").read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def test_a_run_that_ends_well_tells_nobody(run_dag, target, connect_alerts):
    connect_alerts(target.address)
    run_dag("ledger_backfill", **POSTS)
    assert target.told == []


def test_a_run_that_was_taken_back_is_told_with_numbers_link_and_what_to_do(
    run_dag, database, target, connect_alerts
):
    connect_alerts(target.address)
    dag_run = run_dag("ledger_backfill", **POSTS | {"accept_breaks": 3})
    (run,) = overview(database)
    (alert,) = target.told
    assert alert["title"] == f"Run {run.run_id} is rolled back"
    assert alert["type"] == "failure"
    happened, numbers, link, to_do = alert["message"].splitlines()
    assert happened == run.message
    assert "3,783 of 3,783 rows read, 3,783 posted, 0 replayed, 0 quarantined, 4 breaks." in numbers
    assert link.startswith("Airflow: http")
    assert (
        f"/dags/ledger_backfill/runs/{dag_run.run_id.replace('+', '%2B').replace(':', '%3A')}"
        in link
    )
    assert to_do == "What to do: docs/runbook.md#rolled-back"


def test_a_refused_run_and_one_that_never_began_are_told(
    run_dag, database, target, connect_alerts, monkeypatch
):
    connect_alerts(target.address)
    run_dag("ledger_backfill", source="nowhere.csv", dry_run=False)
    assert [each.split(" is ")[1] for each in target.subjects] == ["refused"]
    assert "There is no file 'nowhere.csv'" in target.told[0]["message"]

    target.told.clear()
    monkeypatch.setenv("AIRFLOW_CONN_LEDGER_DB", "postgresql://nobody@127.0.0.1:1/none")
    run_dag("ledger_backfill", **POSTS)
    assert target.subjects == ["ledger_backfill failed"]
    assert "No run was opened" in target.told[0]["message"]


def test_a_target_that_fails_harms_nobody_and_no_secret_reaches_a_log(
    run_dag, database, target, connect_alerts, caplog, capfd
):
    run_dag("watch_runs")  # Airflow sets its loggers up at its first task
    caplog.set_level(logging.DEBUG)
    with listening(status=500) as broken:
        gone = broken.address.replace(str(broken.port), "1")
        connect_alerts(broken.address, gone, f"nothing://{SECRET}", SECRET, target.address)
        dag_run = run_dag("ledger_backfill", **POSTS | {"accept_breaks": 3})
        assert len(broken.told) == 1
    assert dag_run.state == "failed"
    assert overview(database)[0].status == "rolled_back"
    assert len(target.told) == 1
    captured = capfd.readouterr()
    said = caplog.text + captured.out + captured.err
    assert "Target 1 of 5" in said
    assert "Target 2 of 5" in said
    assert said.count("is no address") >= 2
    assert SECRET not in said


def test_a_run_that_does_not_move_is_told_once_until_it_moves_again(
    run_dag, database, target, connect_alerts
):
    connect_alerts(target.address)
    run_dag("ledger_backfill", **POSTS)
    (run,) = overview(database)

    def stop(status: str, minutes: int) -> None:
        database.do(
            "UPDATE trueup.runs SET status = %s, finished_at = NULL, last_seen_at = "
            "clock_timestamp() - %s * INTERVAL '1 minute' WHERE run_id = %s",
            status, minutes, run.run_id,
        )  # fmt: skip

    stop("posting", 4)
    assert run_dag("watch_runs").state == "success"
    assert target.told == []
    stop("posting", 6)
    assert run_dag("watch_runs").state == "success"
    run_dag("watch_runs")
    assert target.subjects == [f"Run {run.run_id} stalls"]
    text = target.told[0]["message"]
    assert "It is posting and has not moved for 6 minutes. No worker is connected." in text
    assert "3,783 of 3,783 rows read" in text
    assert "docs/runbook.md#is-it-alive" in text

    # It moved, and stands still again: as its approver may have gone to lunch.
    database.do("UPDATE trueup.audit_log SET logged_at = logged_at - INTERVAL '1 day'")
    stop("awaiting_approval", 29)
    run_dag("watch_runs")
    assert len(target.told) == 1
    stop("awaiting_approval", 45)
    run_dag("watch_runs")
    assert len(target.told) == 2
    assert target.subjects[1] == f"Run {run.run_id} waits for approval"
    assert "It has waited 45 minutes for a person's answer." in target.told[1]["message"]
    assert "docs/runbook.md#awaiting-approval" in target.told[1]["message"]

    for status in ("paused", "interrupted", "completed"):
        stop(status, 600)
        run_dag("watch_runs")
    assert len(target.told) == 2


def test_a_stall_that_no_target_took_is_told_again(run_dag, database, target, connect_alerts):
    run_dag("ledger_backfill", **POSTS)
    database.do(
        "UPDATE trueup.runs SET status = 'posting', "
        "last_seen_at = clock_timestamp() - INTERVAL '1 hour'"
    )
    with listening(status=500) as broken:
        connect_alerts(broken.address)
        run_dag("watch_runs")
        assert len(broken.told) == 1
    connect_alerts(target.address)
    run_dag("watch_runs")
    run_dag("watch_runs")
    assert len(target.told) == 1


def test_what_nobody_could_be_told_is_told_when_the_targets_can_be_read_again(
    run_dag, database, target, connect_alerts, monkeypatch
):
    run_dag("ledger_backfill", **POSTS)
    database.do(
        "UPDATE trueup.runs SET status = 'posting', "
        "last_seen_at = clock_timestamp() - INTERVAL '1 hour'"
    )
    from airflow.sdk import BaseHook

    connect_alerts(target.address)
    read = BaseHook.get_connection

    def locked(name: str) -> object:
        if name == "trueup_alerts":
            raise PermissionError("the vault is locked")
        return read(name)

    with monkeypatch.context() as patch:
        patch.setattr(BaseHook, "get_connection", locked)
        run_dag("watch_runs")
    run_dag("watch_runs")
    assert len(target.told) == 1

    # Notifiers of one's own hear it all the same.
    from trueup.orchestration import notifying

    heard: list[str] = []
    pager = ModuleType("pager_of_a_test")
    pager.call = lambda *said: heard.append(said[0])
    monkeypatch.setitem(sys.modules, pager.__name__, pager)
    monkeypatch.setenv("TRUEUP_NOTIFIERS", "pager_of_a_test.call")
    monkeypatch.setattr(BaseHook, "get_connection", locked)
    assert notifying.notify("Something", "happened")
    assert heard == ["Something"]


def test_the_end_of_a_run_is_told_again_until_somebody_takes_it(run_dag, connect_alerts):
    with listening(status=500, times=1) as target:
        connect_alerts(target.address)
        assert run_dag("ledger_backfill", source="nowhere.csv").state == "failed"
        assert len(target.told) == 2
        assert target.told[0]["title"] == target.told[1]["title"]


def test_a_rollback_that_was_refused_is_not_told_as_a_run_that_is_well(
    run_dag, database, target, connect_alerts
):
    connect_alerts(target.address)
    run_dag("ledger_backfill", **POSTS, outbox=True)
    (run,) = overview(database)
    database.do("UPDATE dual_ledger_outbox SET status = 'ACKED'")
    assert run_dag("rollback", run_id=run.run_id).state == "failed"
    (alert,) = target.told
    assert alert["title"] == f"Run {run.run_id} was not taken back: it is completed"
    assert alert["message"].endswith("#rollback_failed")
    assert "delivered" in alert["message"].splitlines()[0]


def test_a_dry_run_that_was_refused_is_told_as_one(run_dag, database, target, connect_alerts):
    connect_alerts(target.address)
    run_dag("ledger_backfill", source="nowhere.csv")
    (run,) = overview(database)
    assert target.subjects == [f"Dry run {run.run_id} is refused"]


def test_a_deployment_says_itself_how_long_a_worker_may_be_silent(
    run_dag, database, target, connect_alerts, monkeypatch
):
    """And so do page and night, which ask the same view."""
    connect_alerts(target.address)
    run_dag("ledger_backfill", **POSTS)
    (run,) = overview(database)
    database.do(
        "UPDATE trueup.runs SET status = 'expecting', finished_at = NULL, "
        "last_seen_at = clock_timestamp() - INTERVAL '16 minutes'"
    )
    with database.connect(f"expect {run.run_id}") as worker:
        statements.execute(worker, "trueup/journal/hold_worker_lock", run_id=run.run_id)
        run_dag("watch_runs")
        assert (target.told, overview(database)[0].stalled) == ([], False)
        monkeypatch.setenv("TRUEUP_STALLED_AFTER", "15")
        run_dag("watch_runs")
        (told,) = target.told
        assert "has not moved for 16 minutes. A worker is still connected." in told["message"]
        assert overview(database)[0].stalled is True
    monkeypatch.setenv("TRUEUP_STALLED_AFTER", "half an hour")
    target.told.clear()
    for _ in range(2):
        assert run_dag("watch_runs").state == "failed"
    assert target.subjects == ["The watch over runs is blind"]
    assert "must be a whole number of minutes, not 'half an hour'" in target.told[0]["message"]


@pytest.fixture
def calm(run_dag):
    """The watch before was not blind; the tests share an Airflow."""
    assert run_dag("watch_runs").state == "success"


@pytest.fixture
def vault_journal(server, migrated, monkeypatch):
    """Another system's database, with a run that stalls."""
    database = server.create(migrated)
    database.do(
        "INSERT INTO trueup.runs (run_id, dag_id, system, status, stage, plan, dry_run, source, "
        "source_id, source_type, code_fingerprint, started_by, last_seen_at) "
        "VALUES ('stalling', 'vesting_lots_backfill', 'vesting', 'posting', 'post', "
        """'{"source": "x.csv"}', FALSE, 'x.csv', 'x', 'CSV', '', 'tester', """
        "now() - INTERVAL '1 hour')"
    )
    database.do(
        "INSERT INTO trueup.run_attempts (run_id, attempt, dag_id, airflow_run_id, started_by) "
        "SELECT run_id, attempt, dag_id, 'one', started_by FROM trueup.runs"
    )
    monkeypatch.setenv("AIRFLOW_CONN_VAULT_DB", uri(database.conninfo))
    yield database
    server.drop(database)


def test_a_plan_that_nobody_can_read_any_more_keeps_no_other_system_from_being_watched(
    run_dag, database, target, connect_alerts, calm, vault_journal, caplog, capfd
):
    connect_alerts(target.address)
    run_dag("ledger_backfill", **POSTS)
    database.do(
        "UPDATE trueup.runs SET status = 'posting', finished_at = NULL, "
        """plan = '{"source": "a.csv", "no_longer_known": true}', """
        "last_seen_at = clock_timestamp() - INTERVAL '1 hour'"
    )
    assert run_dag("watch_runs").state == "failed"
    assert target.subjects == ["Run stalling stalls", "The watch over runs is blind"]
    assert "The runs of ledger cannot be looked at" in caplog.text
    assert "The runs of vesting cannot" not in caplog.text
    captured = capfd.readouterr()
    assert "Nobody could look at the runs of ledger; the log" in captured.out + captured.err


def test_a_journal_of_an_earlier_version_is_said_so(
    run_dag, database, target, connect_alerts, calm, vault_journal, caplog
):
    connect_alerts(target.address)
    database.do("DROP TABLE trueup.settings CASCADE")
    assert run_dag("watch_runs").state == "failed"
    assert "The runs of ledger cannot be looked at: The journal is of an earlier" in caplog.text
    assert target.subjects == ["Run stalling stalls", "The watch over runs is blind"]


def test_a_database_that_cannot_be_reached_keeps_no_other_from_being_watched(
    run_dag, database, target, connect_alerts, calm, monkeypatch
):
    connect_alerts(target.address)
    run_dag("ledger_backfill", **POSTS)
    database.do(
        "UPDATE trueup.runs SET status = 'posting', finished_at = NULL, "
        "last_seen_at = clock_timestamp() - INTERVAL '1 hour'"
    )
    monkeypatch.setenv("AIRFLOW_CONN_VAULT_DB", "postgresql://nobody@127.0.0.1:1/none")
    assert run_dag("watch_runs").state == "failed"
    assert [subject.split()[-1] for subject in target.subjects] == ["stalls", "blind"]
    assert "Nobody could look at the runs of vesting" in target.told[1]["message"]

    # It is told once; another system that goes dark is not lost in it.
    target.told.clear()
    run_dag("watch_runs")
    assert target.told == []
    monkeypatch.setenv("AIRFLOW_CONN_LEDGER_DB", "postgresql://nobody@127.0.0.1:1/none")
    run_dag("watch_runs")
    (told,) = target.told
    assert "Nobody could look at the runs of ledger and vesting" in told["message"]


def test_a_night_that_nobody_queued_is_told_once(run_dag, database, target, connect_alerts):
    connect_alerts(target.address)
    run_dag("nightly_reconciliation")
    run_dag("watch_runs")
    assert target.told == []
    database.do("UPDATE trueup.nights SET looked_at = looked_at - INTERVAL '27 hours'")
    run_dag("watch_runs")
    run_dag("watch_runs")
    assert target.subjects == ["No nightly reconciliation"]
    assert "the books of ledger in time" in target.told[0]["message"]
    # Airflow's deadline, which may pass at the same time, has nothing to add.
    from trueup.orchestration.notifying import night_is_late

    queued_at = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    night_is_late(context={"dag_run": {"queued_at": queued_at}})
    assert len(target.told) == 1


def test_books_at_which_nobody_has_ever_looked_are_told_of_once(
    run_dag, database, target, connect_alerts
):
    connect_alerts(target.address)
    run_dag("ledger_backfill", **POSTS)
    run_dag("watch_runs")
    assert target.told == []
    database.do("UPDATE trueup.runs SET finished_at = finished_at - INTERVAL '27 hours'")
    run_dag("watch_runs")
    run_dag("watch_runs")
    assert target.subjects == ["No nightly reconciliation"]


def test_every_section_that_an_alert_names_stands_in_the_runbook(airflow_home):
    from trueup.orchestration import notifying

    named = {*notifying._SECTIONS.values(), "is-it-alive", "first-how-does-it-stand"}
    named |= {"nightly_reconciliation", "wallet_integrity", "vesting_lots_release", "watch_runs"}
    assert named <= anchors()
