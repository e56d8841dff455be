"""The ledger: accounts, entries with two legs, an outbox. Seed: "Ledger Backfill Strategy"."""

from trueup.systems.declaration import Constraint, System

LEDGER = System(
    name="ledger",
    connection_id="ledger_db",
    dags=(
        "ledger_backfill",
        "ledger_schema_migration",
        "ledger_corrections",
        "scb_ledger_sync",
    ),
    backfill="ledger_backfill",
    tables={
        "bank_accounts": {
            "id": "text",
            "currency_code": "text",
            "balance": "numeric",
            "available_balance": "numeric",
            "reserved_balance": "numeric",
            "normal_side": "text",
            "allow_overdraft": "boolean",
            "backfill_run_id": "text",
        },
        "ledger_entries": {
            "id": "bigint",
            "ledger_id": "text",
            "debit_account_id": "text",
            "credit_account_id": "text",
            "amount": "numeric",
            "currency_code": "text",
            "asset_type": "text",
            "transaction_type": "text",
            "reference_id": "text",
            "timestamp_utc": "timestamp with time zone",
            "recorded_at": "timestamp with time zone",
            "fx_rate": "numeric",
            "metadata": "jsonb",
            "run_id": "text",
            "run_line": "bigint",
            "content_hash": "uuid",
            "reverses": "bigint",
        },
        "dual_ledger_outbox": {
            "id": "bigint",
            "entry_id": "bigint",
            "reference_id": "text",
            "status": "text",
            "refused": "boolean",
        },
    },
    unique_keys=(("ledger_entries", ("ledger_id", "reference_id")),),
    constraints=(
        Constraint("bank_accounts", "reserved_balance_not_negative"),
        Constraint("bank_accounts", "available_balance_within_balance"),
        Constraint("bank_accounts", "available_balance_not_negative"),
    ),
    derived={
        "quarantine": (),
        "corrections": (),
        "legacy": ("debit_account_id", "credit_account_id", "amount", "transaction_type"),
        "legs": ("account_id", "side", "amount"),
    },
    nightly_checks=(
        "trial_balance",
        "moved_balances",
        "broken_rules",
        "duplicate_references",
        "missing_references",
        "outbox_failures",
    ),
    bare_tables=("ledger_entries", "dual_ledger_outbox"),
    state="accounts, entries and outbox",
    without=frozenset(
        {
            "audit/list_books",
            "audit/list_obstacles",
            "derive/list_left_aside",
            "expect/try_out",
            "post/open_books",
            "report/list_lines",
            "roll_back/close_books",
            "roll_back/forget_run",
            "roll_back/list_obstacles",
            "roll_back/lock_entries",
        }
    ),
)
