"""What the page knows of each system. It shares no code with the engine that declares them, so its
tests hold every line of this against the engine's declarations.
"""

from typing import NamedTuple


class System(NamedTuple):
    """A system of the journal, as far as the page must know it."""

    # The Airflow connection that the page reads it through.
    connection_id: str
    # The DAGs whose runs change its books.
    dags: tuple[str, ...]
    # The fields of a quarantined row, in the order of the CSV beside the report.
    fields: tuple[str, ...]
    # Whether a run's quarantine can be loaded once more.
    replays: bool = False
    # Whether a run can be taken back by entries that reverse its own.
    reverses: bool = False


SYSTEMS = {
    "ledger": System(
        "ledger_db_reader",
        ("ledger_backfill", "ledger_schema_migration", "ledger_corrections", "scb_ledger_sync"),
        (
            "ledgerId", "debitAccountId", "creditAccountId", "amount", "currencyCode", "assetType",
            "transactionType", "referenceId", "timestampUtc", "fxRate", "metadata",
        ),
        replays=True,
        reverses=True,
    ),
    "vesting": System(
        "vault_db_reader",
        ("vesting_lots_backfill",),
        ("operationId", "userId", "amount", "currency", "depositedAt"),
        replays=True,
    ),
    "wallet": System(
        "wallet_db_reader", ("wallet_backfill",), ("userId", "totalCoins"), replays=True
    ),
    "capital": System(
        "capital_db_reader",
        ("capital_tracking_migration",),
        ("kind", "id", "juntaId", "amount", "status"),
    ),
}  # fmt: skip

NIGHTS_DAG = "nightly_reconciliation"
# Every DAG of which something stands in the journals.
DAGS = frozenset({NIGHTS_DAG}.union(*(system.dags for system in SYSTEMS.values())))
# Every DAG that works on runs.
WORKING_DAGS = DAGS - {NIGHTS_DAG} | {"rollback"}
