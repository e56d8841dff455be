"""The nightly release through Airflow: a dry run by hand, a real one, and what it says."""

import os
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from dag_runs import states
from vaults import DAY, Vault

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def database(server):
    """An empty database for the vault."""
    found = server.create()
    yield found
    server.drop(found)


@pytest.fixture
def vault(run_dag, database, monkeypatch):
    """A vault whose tables the DAG itself has made."""
    monkeypatch.setenv("AIRFLOW_CONN_VAULT_DB", os.environ["AIRFLOW_CONN_LEDGER_DB"])
    assert run_dag("vesting_lots_release").state == "success"
    return Vault(database)


def said(dag_run, task: str):
    """What a task gave."""
    (found,) = (ti for ti in dag_run.get_task_instances() if ti.task_id == task)
    return found.xcom_pull(task_ids=task)


def test_by_hand_it_is_a_dry_run_that_changes_nothing(run_dag, vault):
    vault.vested(vault.user())
    before = vault.digest()
    dag_run = run_dag("vesting_lots_release")
    assert dag_run.state == "success"
    assert said(dag_run, "verdict").startswith("1 lots would be released (100.00 AED)")
    assert vault.digest() == before


def test_it_releases_what_is_mature_and_is_green_with_its_exceptions(run_dag, vault):
    user, spender = vault.user(), vault.user()
    lots = [vault.vested(user, f"{100 + number}.00") for number in range(3)]
    left = vault.vested(spender, "300.00")
    vault.withdraw(spender, "10.00")
    young = vault.vested(user, "400.00", day=datetime.now(UTC).date() - timedelta(days=364))

    dag_run = run_dag("vesting_lots_release", dry_run=False, max_lots=2)
    assert dag_run.state == "success"
    assert said(dag_run, "release") == {
        "released": 2, "amount": "201.00", "left": 0, "skipped": 0, "warnings": 0, "remaining": 2,
    }  # fmt: skip

    dag_run = run_dag("vesting_lots_release", dry_run=False)
    assert dag_run.state == "success"
    done = said(dag_run, "release")
    assert (done["released"], done["left"], done["remaining"]) == (1, 1, 0)
    assert {vault.status(lot) for lot in lots} == {"RELEASED"}
    assert {vault.status(left), vault.status(young)} == {"VESTED"}
    assert (
        vault.database.value("SELECT count(DISTINCT trace_id) FROM vesting_release_outcomes") == 2
    )


def test_a_day_before_any_lot_is_mature_releases_none(run_dag, vault):
    lot = vault.vested(vault.user())
    day = (DAY + timedelta(days=364)).isoformat()
    dag_run = run_dag("vesting_lots_release", dry_run=False, as_of_date=day)
    assert said(dag_run, "release")["released"] == 0
    assert vault.status(lot) == "VESTED"


def test_a_release_that_breaks_off_is_told_and_goes_on(
    run_dag, vault, target, connect_alerts, monkeypatch
):
    lot = vault.vested(vault.user())
    connect_alerts(target.address)
    there = os.environ["AIRFLOW_CONN_VAULT_DB"]
    monkeypatch.setenv("AIRFLOW_CONN_VAULT_DB", "postgresql://nobody@127.0.0.1:1/none")
    assert run_dag("vesting_lots_release", dry_run=False).state == "failed"
    assert target.subjects == ["The release of vesting lots broke off"]
    assert "docs/runbook.md#vesting_lots_release" in target.told[0]["message"]
    monkeypatch.setenv("AIRFLOW_CONN_VAULT_DB", there)
    assert run_dag("vesting_lots_release", dry_run=False).state == "success"
    assert (vault.status(lot), len(target.told)) == ("RELEASED", 1)


def test_a_day_in_the_future_is_refused_for_real(run_dag, vault):
    lot = vault.vested(vault.user())
    day = (datetime.now(UTC).date() + timedelta(days=1)).isoformat()
    dag_run = run_dag("vesting_lots_release", dry_run=False, as_of_date=day)
    assert dag_run.state == "failed"
    assert states(dag_run)["release"] == "failed"
    assert vault.status(lot) == "VESTED"


@pytest.mark.parametrize(
    ("run_type", "asked", "is_dry"),
    [
        ("scheduled", True, False),
        ("scheduled", False, False),
        ("manual", True, True),
        ("manual", False, False),
    ],
)
def test_the_schedule_pays_out_and_a_person_is_asked(airflow_home, run_type, asked, is_dry):
    from airflow.utils.types import DagRunType

    from trueup.orchestration import release_tasks

    dag_run = SimpleNamespace(run_type=DagRunType(run_type))
    context = {"dag_run": dag_run, "params": {"dry_run": asked}}
    assert release_tasks.is_dry_run(context) is is_dry
