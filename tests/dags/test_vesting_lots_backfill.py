"""The DAG vesting_lots_backfill as a person meets it, over a generated vault."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from dag_runs import overview, states
from dags.conftest import uri
from databases import Database, Server
from demo import vault_data
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
