"""Wallets: every user's coins in a wallet of their own, backed by a journal in double entry.

After the document "Wallet Backfill Execution Report".
"""

from trueup.systems.declaration import Constraint, System

WALLET = System(
    name="wallet",
    connection_id="wallet_db",
    dags=("wallet_backfill",),
    backfill="wallet_backfill",
    tables={
        "users": {
            "id": "varchar",
            "username": "varchar",
            "total_coins": "integer",
        },
        "user_wallet": {
            "wallet_id": "varchar",
            "user_id": "varchar",
            "balance": "integer",
            "available_balance": "integer",
            "run_id": "text",
        },
        "coin_ledger_transactions": {
            "id": "varchar",
            "type": "varchar",
            "external_ref": "varchar",
            "initiator_user_id": "varchar",
            "status": "varchar",
            "run_id": "text",
            "run_line": "bigint",
        },
        "coin_journal_entries": {
            "id": "varchar",
            "ledger_transaction_id": "varchar",
            "wallet_id": "varchar",
            "direction": "varchar",
            "amount": "integer",
            "balance_before": "integer",
            "balance_after": "integer",
            "run_id": "text",
            "entry_no": "bigint",
        },
    },
    unique_keys=(("user_wallet", ("user_id",)),),
    constraints=(
        Constraint("user_wallet", "not_negative"),
        Constraint("coin_journal_entries", "adds_up"),
        Constraint("coin_journal_entries", "chained"),
        Constraint("coin_journal_entries", "append_only"),
        Constraint("coin_ledger_transactions", "closed_in_balance"),
    ),
    derived={"wallets": ("id", "username", "total_coins"), "quarantine": ()},
    nightly_checks=("drift", "unbalanced_transactions", "broken_chains", "negative_wallets"),
    state="wallets, transactions and journal entries",
    # The wallets' own balances are what is mended, so none of them is an opening balance that
    # stays, and none is exempt from a rule but the contra account, always. No outbox; no rows
    # from files; a transaction is reversed by another one, not by a run.
    without=frozenset(
        {
            "audit/cancel_sessions",
            "audit/list_books",
            "audit/list_differing_accounts",
            "audit/list_inconsistent_balances",
            "audit/list_obstacles",
            "audit/list_opening_balances",
            "constrain/clear_exemption",
            "derive/list_left_aside",
            "expect/try_out",
            "ingest/delete_staged_accounts",
            "nightly/learn_openings",
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
            "roll_back/exempt_accounts",
            "roll_back/forget_run",
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
    fields=("userId", "totalCoins"),
    held_against="Every user's wallet was held against users.total_coins; the system account is "
    "the contra side of all of them, and no drift",
    fed_back="To feed them back, mend the users' coins, then replay the run with the DAG "
    "run_control",
    nothing_derived={
        "wallets": "There are no users; there is no wallet to make. Check the connection wallet_db."
    },
)
