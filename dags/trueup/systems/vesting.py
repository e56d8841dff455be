"""Vesting lots: each completed deposit into the vault AVENIR earns a lot that is released later.

After the documents "AVENIR Vesting Lots Backfill" and the filters of its release.
"""

from trueup.systems.declaration import Constraint, System

VESTING = System(
    name="vesting",
    connection_id="vault_db",
    dags=("vesting_lots_backfill",),
    backfill="vesting_lots_backfill",
    tables={
        "operations": {
            "id": "uuid",
            "type": "varchar(50)",
            "status": "varchar(20)",
            "created_at": "timestamp with time zone",
        },
        "ledger_entries": {
            "operation_id": "uuid",
            "account_id": "uuid",
            "amount": "numeric(24, 8)",
            "currency": "varchar(3)",
            "entry_type": "varchar(10)",
        },
        "accounts": {
            "id": "uuid",
            "user_id": "uuid",
            "account_type": "varchar(50)",
            "currency": "varchar(3)",
        },
        "wallet_locks": {
            "user_id": "uuid",
            "currency": "varchar(3)",
            "amount": "numeric(24, 8)",
            "reason": "varchar(50)",
            "reference_type": "varchar(20)",
            "status": "varchar(20)",
            "operation_id": "uuid",
        },
        "vault_vesting_lots": {
            "id": "uuid",
            "vault_id": "uuid",
            "vault_code": "varchar(50)",
            "user_id": "uuid",
            "currency": "varchar(3)",
            "deposit_day": "date",
            "release_day": "date",
            "amount": "numeric(20, 2)",
            "released_amount": "numeric(20, 2)",
            "remaining_amount": "numeric(20, 2)",
            "status": "varchar(20)",
            "source_operation_id": "uuid",
            "run_id": "text",
            "run_line": "bigint",
        },
    },
    unique_keys=(("vault_vesting_lots", ("source_operation_id",)),),
    constraints=(
        Constraint("vault_vesting_lots", "amount_positive"),
        Constraint("vault_vesting_lots", "released_within"),
        Constraint("vault_vesting_lots", "status_known"),
        Constraint("vault_vesting_lots", "released_means_all"),
    ),
    derived={
        "deposits": ("id", "type", "status", "operation_metadata", "created_at"),
        "quarantine": (),
    },
    nightly_checks=("lots_against_locks", "broken_lots", "missing_lots"),
    state="the vesting lots",
    # No stored balances, so no accounts to open, exempt or restore; no outbox; no entries that
    # could be reversed; no rows without a key of their own, and none from files. A range's
    # checkpoint is the engine's; the vault has no table for it.
    without=frozenset(
        {
            "audit/cancel_sessions",
            "audit/list_books",
            "audit/list_differing_accounts",
            "audit/list_inconsistent_balances",
            "audit/list_obstacles",
            "audit/list_opening_balances",
            "constrain/clear_exemption",
            "constrain/insert_probe",
            "constrain/list_overdrawn",
            "expect/try_out",
            "ingest/delete_staged_accounts",
            "nightly/learn_openings",
            "post/create_accounts",
            "post/exempt_accounts",
            "post/lock_checkpoint",
            "post/mark_checkpoint",
            "post/open_books",
            "post/open_checkpoint",
            "post/save_checkpoint",
            "reconcile/date_expected",
            "reconcile/list_leg_breaks",
            "reconcile/total_legs",
            "reconcile/total_trial_balance",
            "roll_back/close_books",
            "roll_back/count_delivered",
            "roll_back/count_reversed",
            "roll_back/delete_accounts",
            "roll_back/exempt_accounts",
            "roll_back/forget_run",
            "roll_back/list_differing_accounts",
            "roll_back/list_spent",
            "roll_back/lock_outbox",
            "roll_back/reverse_entries",
            "validate/count_overlap",
            "validate/insert_movements",
            "validate/list_conflicting_plain",
            "validate/list_overdrawn",
            "validate/mark_repeated",
            "validate/quarantine_unknown_accounts",
        }
    ),
    fields=("operationId", "userId", "amount", "currency", "depositedAt"),
    held_against="What is left in vested lots was held against the active locks of the vault, for "
    "every user and currency",
    fed_back="To feed them back, mend what is wrong with the operations, then replay the run with "
    "the DAG run_control",
    nothing_derived={
        "deposits": "There is no completed AVENIR deposit of what was asked for (currency, "
        "user_id, limit); there is no lot to create.",
    },
)
