"""A backup before the first write, and the way back by it, as a person meets them."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from demo import juntas as history

from dag_runs import overview, states
from dags.conftest import uri
from databases import Database, Server
from trueup import migrations
from trueup.systems import CAPITAL

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def juntas(run_dag, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """Four juntas with a history, which the DAGs are connected to."""
    database = server.create()
    with closing(database.connect()) as connection:
        migrations.migrate(connection, CAPITAL)
    with closing(psycopg.connect(database.conninfo, autocommit=True)) as connection:
        history.fill(connection, juntas=4, movements=600, above=0)
    monkeypatch.setenv("AIRFLOW_CONN_CAPITAL_DB", uri(database.conninfo))
    yield database
    server.drop(database)


def test_a_migration_is_backed_up_first_and_can_be_restored_from_it(
    run_dag, juntas, airflow_home: Path
):
    loans = juntas.rows('SELECT id, amount FROM "Prestamo" ORDER BY id')
    dag_run = run_dag("capital_tracking_migration", dry_run=False, approval="auto")
    (run,) = overview(juntas)
    assert dag_run.state == "success", run.message
    assert (airflow_home / "backups" / f"{run.run_id}.dump").is_file()
    report = json.loads((airflow_home / "reports" / run.run_id / "report.json").read_text())
    assert report["backup"]["bytes"] > 0
    assert report["audit"]["backup"]["server_has"] == "unknown"
    text = (airflow_home / "reports" / run.run_id / "report.txt").read_text()
    assert "restored into a scratch" in text

    juntas.do("UPDATE \"Prestamo\" SET description = 'written since'")
    dag_run = run_dag("rollback", run_id=run.run_id, mode="restore")
    (run,) = overview(juntas)
    assert dag_run.state == "success", run.message
    assert run.status == "rolled_back"
    assert juntas.rows('SELECT id, amount FROM "Prestamo" ORDER BY id') == loans
    assert not juntas.rows("SELECT 1 FROM \"Prestamo\" WHERE description = 'written since'")
    report = json.loads((airflow_home / "reports" / run.run_id / "report.json").read_text())
    assert "kept aside" in report["verdict"]
    page = (airflow_home / "reports" / run.run_id / "report.html").read_text()
    assert report["rollback"]["replaced"] in page


def test_a_dry_run_takes_no_backup(run_dag, juntas, airflow_home: Path):
    dag_run = run_dag("capital_tracking_migration")

    (run,) = overview(juntas)
    assert dag_run.state == "success", run.message
    assert states(dag_run)["back_up"] == "skipped"
    assert not (airflow_home / "backups" / f"{run.run_id}.dump").exists()


def test_a_run_of_a_system_without_backups_cannot_be_restored(run_dag, database):
    run_dag("ledger_backfill", source="opencollective/ledger_entries.csv", dry_run=False)
    run = overview(database)[0]
    dag_run = run_dag("rollback", run_id=run.run_id, mode="restore")

    assert dag_run.state == "failed"
    assert overview(database)[0].status == run.status
