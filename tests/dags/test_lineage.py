"""What others learn of a completed run: an event with its totals, and its datasets."""

from contextlib import closing

import pytest
from psycopg.conninfo import conninfo_to_dict

from dag_runs import overview
from runs import SAMPLE, SAMPLES

pytestmark = pytest.mark.filterwarnings("default")

POSTS = SAMPLE | {"dry_run": False, "accept_breaks": 4}


def events() -> list[tuple[str, dict[str, str]]]:
    """Every event of an asset of ours, the first one first, as Airflow's metadata have it."""
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        return [
            (uri, event.extra)
            for uri, event in session.execute(
                select(AssetModel.uri, AssetEvent)
                .join(AssetEvent, AssetEvent.asset_id == AssetModel.id)
                .order_by(AssetEvent.id)
            )
        ]


def test_a_completed_run_is_an_event_with_its_totals_as_texts(run_dag, database):
    before = len(events())
    run_dag("ledger_backfill", **SAMPLE)
    run_dag("ledger_backfill", **POSTS | {"accept_breaks": 3})
    assert len(events()) == before, "neither a dry run nor one that was taken back"
    run_dag("ledger_backfill", **POSTS)
    (event,) = events()[before:]
    run = overview(database)[-1]
    assert event == (
        "trueup://ledger/",
        {
            "run_id": run.run_id,
            "dag_id": "ledger_backfill",
            "source_id": "ledger_entries.csv",
            "digest": run.digest,
            "read": "3783",
            "posted": "3783",
            "replayed": "0",
            "quarantined": "0",
            "breaks": "4",
        },
    )


@pytest.fixture
def collector(monkeypatch):
    """Airflow's own collector, as it is there where a provider reads it."""
    from airflow.sdk import lineage

    found = lineage.HookLineageCollector()
    monkeypatch.setattr("trueup.orchestration.lineage.get_hook_lineage_collector", lambda: found)
    return found


def datasets(collector) -> tuple[list[str], list[str]]:
    """Inputs and outputs by their addresses; OpenLineage's names are made of these."""
    collected = collector.collected_assets
    return [each.asset.uri for each in collected.inputs], [
        each.asset.uri for each in collected.outputs
    ]


def table(database, name: str) -> str:
    where = conninfo_to_dict(database.conninfo)
    return f"postgres://{where['host']}:{where['port']}/{where['dbname']}/public/{name}"


LEDGER_TABLES = ["bank_accounts", "ledger_entries", "dual_ledger_outbox"]


def test_a_file_and_the_books_are_datasets(run_dag, database, collector):
    run_dag("ledger_backfill", **POSTS)
    inputs, outputs = datasets(collector)
    assert inputs == [(SAMPLES / SAMPLE["source"]).as_uri()]
    assert outputs == [table(database, name) for name in LEDGER_TABLES]


def test_an_old_table_is_a_dataset(run_dag, database, collector):
    database.do(
        "CREATE TABLE old_entries (id BIGINT PRIMARY KEY, debit_account_id TEXT, "
        "credit_account_id TEXT, amount NUMERIC, transaction_type TEXT, currency_code TEXT, "
        "timestamp_utc TIMESTAMPTZ)"
    )
    database.do(
        "INSERT INTO bank_accounts (id, currency_code, allow_overdraft) "
        "VALUES ('a', 'USD', TRUE), ('b', 'USD', TRUE)"
    )
    database.do("GRANT SELECT, UPDATE ON old_entries TO PUBLIC")
    database.do("INSERT INTO old_entries VALUES (1, 'a', 'b', 5, 'OLD', 'USD', '2020-01-01')")
    run_dag("ledger_schema_migration", source="old_entries", dry_run=False)
    assert [run.status for run in overview(database)] == ["completed"]
    inputs, _ = datasets(collector)
    assert inputs == [table(database, "old_entries")]


def test_a_file_that_is_gone_has_no_name_and_harms_nobody(
    run_dag, database, collector, tmp_path, monkeypatch
):
    from trueup import journal
    from trueup.orchestration import lineage

    inbox = tmp_path / "inbox"
    inbox.mkdir()
    monkeypatch.setenv("TRUEUP_SOURCE_ROOTS", f"{inbox}:{SAMPLES}")
    gone = inbox / "gone.csv"
    gone.write_bytes((SAMPLES / SAMPLE["source"]).read_bytes())
    run_dag("ledger_backfill", **POSTS | {"source": gone.name})
    assert datasets(collector)[0] == [gone.as_uri()]

    gone.unlink()
    collector._inputs.clear()
    (run,) = overview(database)
    with closing(database.connect()) as connection:
        lineage.collect(connection, journal.read_run(connection, run.run_id))
    assert datasets(collector)[0] == []


def test_without_the_provider_nobody_collects(run_dag, database):
    from airflow.sdk.lineage import NoOpCollector, get_hook_lineage_collector

    assert isinstance(get_hook_lineage_collector(), NoOpCollector)
    assert run_dag("ledger_backfill", **POSTS).state == "success"


def test_a_table_that_is_only_read_is_not_written():
    from trueup.systems import LEDGER, VESTING, WALLET

    assert LEDGER.written == tuple(LEDGER_TABLES)
    assert VESTING.written == ("vault_vesting_lots",)
    assert WALLET.written == (
        "user_wallet", "coin_ledger_transactions", "coin_journal_entries",
    )  # fmt: skip
