"""The DAG capital_tracking_migration as a person meets it: all the way, back, and red."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from demo import juntas as history

import juntas as hand
from dag_runs import overview, states
from dags.conftest import uri
from databases import Database, Server
from trueup import migrations
from trueup.systems import CAPITAL

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="session")
def written_juntas(server: Server) -> Database:
    """The template: three juntas with a history; one loan exceeded what its junta had."""
    database = server.create()
    with closing(database.connect()) as connection:
        migrations.migrate(connection, CAPITAL)
    with closing(psycopg.connect(database.conninfo, autocommit=True)) as connection:
        history.fill(connection, juntas=3, movements=300, above=1)
    return database


@pytest.fixture
def juntas(
    run_dag,
    server: Server,
    written_juntas: Database,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Database]:
    """The juntas, this test's own, which the DAGs are connected to."""
    clone = server.create(written_juntas)
    monkeypatch.setenv("AIRFLOW_CONN_CAPITAL_DB", uri(clone.conninfo))
    monkeypatch.setenv("TRUEUP_BACKUPS", str(tmp_path))
    yield clone
    server.drop(clone)


def content(database: Database) -> list[list[str]]:
    """All rows of the app."""
    return [
        database.rows(f'SELECT row::TEXT FROM "{table}" AS row ORDER BY 1') for table in hand.TABLES
    ]


def test_a_migration_cuts_over_is_clean_at_night_and_is_taken_back(run_dag, juntas, tmp_path):
    before = content(juntas)
    due = hand.total(hand.due(juntas))
    rows = sum(len(table) for table in before[1:])

    dag_run = run_dag("capital_tracking_migration", dry_run=False)

    (run,) = overview(juntas)
    assert dag_run.state == "success", run.message
    assert (run.status, run.total_read, run.total_posted) == ("completed", rows, rows)
    assert (run.total_replayed, run.total_quarantined, run.breaks) == (0, 0, 0)
    assert juntas.rows("SELECT * FROM trueup.expectation_results WHERE NOT success") == []
    assert hand.stored(juntas) == due
    assert list(tmp_path.rglob("*.dump")), "no backup was kept"
    (flagged,) = juntas.rows("SELECT * FROM capital_movements WHERE over_available")
    assert flagged.type == "PRESTAMO"

    dag_run = run_dag("nightly_reconciliation")

    assert states(dag_run)["capital.verdict"] == "success"

    dag_run = run_dag("rollback", run_id=run.run_id)

    (run,) = overview(juntas)
    assert dag_run.state == "success", run.message
    assert (run.status, run.state_hash_after) == ("rolled_back", run.state_hash_before)
    assert content(juntas) == before


def test_a_migration_that_finds_something_wrong_is_red_and_taken_back_with_proof(run_dag, juntas):
    before = content(juntas)
    juntas.do(
        'UPDATE "Prestamo" SET amount = amount + 0.001 WHERE id = (SELECT min(id) FROM "Prestamo")'
    )
    dirty = content(juntas)

    dag_run = run_dag("capital_tracking_migration", dry_run=False, max_quarantined="100 %")

    (run,) = overview(juntas)
    assert dag_run.state == "failed"
    assert run.status == "rolled_back", run.message
    assert "Prestamo_loan_in_cents" in run.message
    assert run.state_hash_after == run.state_hash_before
    assert states(dag_run)["verdict"] == "failed"
    assert content(juntas) == dirty != before
    assert juntas.value("SELECT to_regclass('capital_movements')") is None


def test_a_dry_run_is_green_and_changes_nothing(run_dag, juntas):
    dag_run = run_dag("capital_tracking_migration")

    (run,) = overview(juntas)
    assert (dag_run.state, run.status) == ("success", "previewed"), run.message
    assert states(dag_run)["back_up"] == "skipped"
    assert juntas.value("SELECT to_regclass('\"PrestamoNew\"')") is None


def test_one_row_that_cannot_be_booked_is_refused_before_the_backup(run_dag, juntas):
    juntas.do('UPDATE "Accion" SET amount = -1 WHERE id = (SELECT min(id) FROM "Accion")')

    dag_run = run_dag("capital_tracking_migration", dry_run=False)

    (run,) = overview(juntas)
    assert (dag_run.state, run.status) == ("failed", "refused")
    assert "1 for invalid_amount" in run.message
    assert states(dag_run)["back_up"] in ("skipped", "upstream_failed", "None")
