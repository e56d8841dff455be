"""The DAG vesting_lots_backfill as a person meets it, over a generated vault."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from demo import vault_data

from dag_runs import overview, states
from dags.conftest import uri
from databases import Database, Server
from trueup import migrations
from trueup.systems import VESTING

pytestmark = pytest.mark.filterwarnings("default")

USERS, DEPOSITS = 30, 400


@pytest.fixture(scope="session")
def filled_vault(server: Server) -> Database:
    """The template: a generated vault whose every deposit is in order."""
    database = server.create()
    with closing(database.connect()) as connection:
        migrations.migrate(connection, VESTING)
    with closing(psycopg.connect(database.conninfo, autocommit=True)) as connection:
        vault_data.fill(connection, USERS, DEPOSITS, oddities=False)
    return database


@pytest.fixture
def vault(
    run_dag, server: Server, filled_vault: Database, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    """A generated vault of this test's own, which the DAGs are connected to."""
    clone = server.create(filled_vault)
    monkeypatch.setenv("AIRFLOW_CONN_VAULT_DB", uri(clone.conninfo))
    yield clone
    server.drop(clone)


def eligible(vault: Database, currency: str = "AED") -> int:
    """How many deposits earn a lot, as a witness counts them."""
    return vault.value(
        "SELECT count(*) FROM operations AS o WHERE type = 'VAULT_DEPOSIT' "
        "AND status = 'COMPLETED' AND operation_metadata ->> 'vault_code' = 'AVENIR' AND EXISTS ("
        "SELECT 1 FROM ledger_entries WHERE operation_id = o.id AND currency = %s)", currency,
    )  # fmt: skip


def test_a_vault_is_backfilled_proved_and_taken_back(run_dag, vault, caplog):
    found = eligible(vault)
    assert found > 200
    dag_run = run_dag("vesting_lots_backfill", dry_run=False)

    (run,) = overview(vault)
    assert dag_run.state == "success", run.message
    assert (run.status, run.total_read, run.total_posted) == ("completed", found, found)
    assert (run.total_replayed, run.total_quarantined, run.breaks) == (0, 0, 0)
    failed = vault.rows("SELECT * FROM trueup.expectation_results WHERE NOT success")
    assert [row.severity for row in failed] in ([], ["warning"]), failed

    dag_run = run_dag("rollback", run_id=run.run_id)

    (run,) = overview(vault)
    assert dag_run.state == "success"
    assert (run.status, run.state_hash_after) == ("rolled_back", run.state_hash_before)
    assert vault.value("SELECT count(*) FROM vault_vesting_lots") == 0


def test_a_dry_run_is_green_changes_nothing_and_its_digest_binds_the_real_run(run_dag, vault):
    shown = run_dag("vesting_lots_backfill")
    (run,) = overview(vault)
    assert (shown.state, run.status, run.total_posted) == ("success", "previewed", 0)
    assert vault.value("SELECT count(*) FROM vault_vesting_lots") == 0
    assert states(shown)["post"] == "skipped"

    other = run_dag("vesting_lots_backfill", dry_run=False, approved_digest="0" * 64)
    same = run_dag("vesting_lots_backfill", dry_run=False, approved_digest=run.digest)
    again = run_dag("vesting_lots_backfill", dry_run=False)

    assert (other.state, same.state, again.state) == ("failed", "success", "success")
    _, refused, first, second = overview(vault)
    assert (refused.status, first.total_posted) == ("refused", eligible(vault))
    assert (second.total_posted, second.total_replayed) == (0, first.total_posted)


def test_a_lock_too_few_takes_the_run_back_and_the_report_says_whose(run_dag, vault, airflow_home):
    gone = vault.row(
        "DELETE FROM wallet_locks WHERE id = (SELECT id FROM wallet_locks "
        "WHERE reason = 'VAULT_AVENIR_VESTING' AND status = 'ACTIVE' AND currency = 'AED' "
        "ORDER BY id LIMIT 1) RETURNING user_id::TEXT, amount"
    )
    dag_run = run_dag("vesting_lots_backfill", dry_run=False)

    (run,) = overview(vault)
    assert dag_run.state == "failed"
    assert (run.status, run.breaks) == ("rolled_back", 1)
    assert run.state_hash_after == run.state_hash_before
    assert vault.value("SELECT count(*) FROM vault_vesting_lots") == 0
    said = (airflow_home / "reports" / run.run_id / "report.txt").read_text()
    assert gone.user_id[:20] in said
    assert "active locks of the vault" in " ".join(said.split())
    assert "deposits earn no lot" in " ".join(said.split())


def test_lots_that_are_altered_on_their_way_fail_the_expectations(run_dag, vault):
    vault.do(
        "CREATE FUNCTION a_day_early() RETURNS TRIGGER LANGUAGE plpgsql AS "
        "'BEGIN NEW.deposit_day := NEW.deposit_day - 1; RETURN NEW; END'"
    )
    vault.do(
        "CREATE TRIGGER a_day_early BEFORE INSERT ON vault_vesting_lots "
        "FOR EACH ROW EXECUTE FUNCTION a_day_early()"
    )
    dag_run = run_dag("vesting_lots_backfill", dry_run=False)

    (run,) = overview(vault)
    assert (dag_run.state, run.status) == ("failed", "rolled_back")
    assert "critical expectations failed" in run.message
    assert run.state_hash_after == run.state_hash_before


def test_the_night_looks_at_the_vault_beside_the_ledger(run_dag, vault):
    run_dag("vesting_lots_backfill", dry_run=False, currency=None)
    first = run_dag("nightly_reconciliation")
    vault.do(
        "UPDATE wallet_locks SET status = 'RELEASED' WHERE id = (SELECT id FROM wallet_locks "
        "WHERE reason = 'VAULT_AVENIR_VESTING' AND status = 'ACTIVE' ORDER BY id LIMIT 1)"
    )
    second = run_dag("nightly_reconciliation")

    assert first.state == "success"
    assert second.state == "failed"
    assert states(second)["ledger.verdict"] == "success"
    assert states(second)["vesting.verdict"] == "failed"


@pytest.mark.parametrize("dag_id", ["rollback", "run_control"])
def test_a_run_that_is_not_there_is_red_whatever_its_id_looks_like(run_dag, vault, dag_id):
    for run_id in ("vesting_lots_backfill-nothing", "nothing at all"):
        assert run_dag(dag_id, run_id=run_id).state == "failed"
