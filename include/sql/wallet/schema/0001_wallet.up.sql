-- Creates the wallet's tables where they are missing, as they are deployed. Coins are whole
-- numbers; a credit raises a wallet, a debit lowers it.
CREATE TABLE IF NOT EXISTS users (
    id VARCHAR PRIMARY KEY DEFAULT gen_random_uuid()::TEXT,
    username VARCHAR NOT NULL CONSTRAINT users_username_unique UNIQUE,
    email VARCHAR CONSTRAINT users_email_unique UNIQUE,
    role VARCHAR NOT NULL DEFAULT 'user',
    status VARCHAR NOT NULL DEFAULT 'active',
    is_bot BOOLEAN NOT NULL DEFAULT FALSE,
    -- What the wallets replace: written beside the journal by everything that moves coins.
    total_coins INTEGER NOT NULL DEFAULT 0
    CONSTRAINT users_total_coins_not_negative CHECK (total_coins >= 0)
);

CREATE TABLE IF NOT EXISTS user_wallet (
    wallet_id VARCHAR PRIMARY KEY DEFAULT gen_random_uuid()::TEXT,
    user_id VARCHAR NOT NULL
    CONSTRAINT user_wallet_user_unique UNIQUE
    CONSTRAINT user_wallet_user_exists REFERENCES users (id),
    balance INTEGER NOT NULL DEFAULT 0,
    available_balance INTEGER NOT NULL DEFAULT 0,
    status VARCHAR NOT NULL DEFAULT 'active',
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS coin_ledger_transactions (
    id VARCHAR PRIMARY KEY DEFAULT gen_random_uuid()::TEXT,
    type VARCHAR NOT NULL,
    context JSON,
    external_ref VARCHAR,
    initiator_user_id VARCHAR
    CONSTRAINT coin_ledger_transactions_initiator_exists REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    closed_at TIMESTAMPTZ,
    status VARCHAR NOT NULL DEFAULT 'pending'
    CONSTRAINT coin_ledger_transactions_status_known CHECK (status IN ('pending', 'closed'))
);

CREATE TABLE IF NOT EXISTS coin_journal_entries (
    id VARCHAR PRIMARY KEY DEFAULT gen_random_uuid()::TEXT,
    ledger_transaction_id VARCHAR NOT NULL
    CONSTRAINT coin_journal_entries_transaction_exists REFERENCES coin_ledger_transactions (id),
    wallet_id VARCHAR NOT NULL
    CONSTRAINT coin_journal_entries_wallet_exists REFERENCES user_wallet (wallet_id),
    direction VARCHAR NOT NULL
    CONSTRAINT coin_journal_entries_direction_known CHECK (direction IN ('debit', 'credit')),
    amount INTEGER NOT NULL CONSTRAINT coin_journal_entries_amount_positive CHECK (amount > 0),
    balance_before INTEGER NOT NULL,
    balance_after INTEGER NOT NULL,
    memo TEXT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS coin_journal_entries_by_transaction
ON coin_journal_entries (ledger_transaction_id);
CREATE INDEX IF NOT EXISTS coin_journal_entries_by_wallet
ON coin_journal_entries (wallet_id, created_at);

-- The legacy record of what moved total_coins; the amount is signed.
CREATE TABLE IF NOT EXISTS coin_transactions (
    id VARCHAR PRIMARY KEY DEFAULT gen_random_uuid()::TEXT,
    user_id VARCHAR NOT NULL CONSTRAINT coin_transactions_user_exists REFERENCES users (id),
    amount INTEGER NOT NULL,
    type VARCHAR NOT NULL
    CONSTRAINT coin_transactions_type_known CHECK (type IN ('earn', 'spend', 'recharge')),
    description TEXT,
    status VARCHAR NOT NULL DEFAULT 'completed'
    CONSTRAINT coin_transactions_status_known
    CHECK (status IN ('completed', 'pending', 'failed')),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS coin_transactions_by_user ON coin_transactions (user_id, created_at);

CREATE TABLE IF NOT EXISTS ledger_reconciliation_runs (
    id VARCHAR PRIMARY KEY DEFAULT gen_random_uuid()::TEXT,
    status VARCHAR NOT NULL,
    drift_count INTEGER NOT NULL DEFAULT 0,
    max_delta INTEGER NOT NULL DEFAULT 0,
    report JSON,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
