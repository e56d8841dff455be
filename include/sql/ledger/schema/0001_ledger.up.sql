-- Creates the ledger where it is missing, and adds to an existing one the columns that a run needs.
-- COLLATE "C": ids are compared as bytes, in one order on every server: it is the lock order.
CREATE TABLE IF NOT EXISTS bank_accounts (
    id TEXT COLLATE "C" PRIMARY KEY,
    currency_code TEXT NOT NULL,
    balance NUMERIC NOT NULL DEFAULT 0,
    available_balance NUMERIC NOT NULL DEFAULT 0,
    reserved_balance NUMERIC NOT NULL DEFAULT 0,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
-- Balances change in place: half a page free keeps hot accounts on one page.
) WITH (fillfactor = 50);

ALTER TABLE bank_accounts
ADD COLUMN IF NOT EXISTS normal_side TEXT NOT NULL DEFAULT 'debit'
CONSTRAINT bank_accounts_normal_side_known CHECK (normal_side IN ('debit', 'credit')),
ADD COLUMN IF NOT EXISTS allow_overdraft BOOLEAN NOT NULL DEFAULT FALSE,
-- The run that may take this account below zero until its constraints are applied.
ADD COLUMN IF NOT EXISTS backfill_run_id TEXT;

CREATE TABLE IF NOT EXISTS ledger_entries (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ledger_id TEXT COLLATE "C" NOT NULL,
    debit_account_id TEXT COLLATE "C" NOT NULL
    CONSTRAINT ledger_entries_debit_account_exists REFERENCES bank_accounts (id),
    credit_account_id TEXT COLLATE "C" NOT NULL
    CONSTRAINT ledger_entries_credit_account_exists REFERENCES bank_accounts (id),
    amount NUMERIC NOT NULL CONSTRAINT ledger_entries_amount_positive CHECK (amount > 0),
    currency_code TEXT NOT NULL,
    asset_type TEXT NOT NULL DEFAULT 'fiat',
    transaction_type TEXT NOT NULL,
    reference_id TEXT COLLATE "C" NOT NULL,
    -- When it happened, as the source says; recorded_at is when this ledger learned of it.
    timestamp_utc TIMESTAMPTZ NOT NULL DEFAULT now(),
    fx_rate NUMERIC,
    metadata JSONB,
    CONSTRAINT ledger_entries_reference_unique UNIQUE (ledger_id, reference_id),
    CONSTRAINT ledger_entries_accounts_differ CHECK (debit_account_id <> credit_account_id),
    CONSTRAINT ledger_entries_asset_type_known
    CHECK (asset_type IN ('fiat', 'cbdc', 'commodity', 'security'))
);

ALTER TABLE ledger_entries
ADD COLUMN IF NOT EXISTS recorded_at TIMESTAMPTZ NOT NULL DEFAULT now(),
-- Which run and which source line wrote the entry: they tell "mine" from a replay.
ADD COLUMN IF NOT EXISTS run_id TEXT,
ADD COLUMN IF NOT EXISTS run_line BIGINT,
ADD COLUMN IF NOT EXISTS content_hash UUID;

CREATE TABLE IF NOT EXISTS dual_ledger_outbox (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entry_id BIGINT NOT NULL
    CONSTRAINT dual_ledger_outbox_entry_unique UNIQUE
    CONSTRAINT dual_ledger_outbox_entry_exists REFERENCES ledger_entries (id),
    reference_id TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'QUEUED'
    CONSTRAINT dual_ledger_outbox_status_known
    CHECK (status IN ('QUEUED', 'SENT', 'ACKED', 'FAILED')),
    attempts INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS ledger_backfill_checkpoints (
    id SERIAL PRIMARY KEY,
    source_id VARCHAR(255) NOT NULL,
    source_type VARCHAR(50) NOT NULL,
    last_processed_id VARCHAR(255),
    last_processed_timestamp TIMESTAMP,
    total_processed BIGINT DEFAULT 0,
    total_successful BIGINT DEFAULT 0,
    total_failed BIGINT DEFAULT 0,
    status VARCHAR(50) DEFAULT 'IN_PROGRESS'
    CONSTRAINT ledger_backfill_checkpoints_status_known
    CHECK (status IN ('IN_PROGRESS', 'COMPLETED', 'FAILED', 'PAUSED')),
    started_at TIMESTAMP DEFAULT now(),
    last_checkpoint_at TIMESTAMP DEFAULT now(),
    completed_at TIMESTAMP,
    error_message TEXT,
    metadata JSONB,
    CONSTRAINT ledger_backfill_checkpoints_source_unique UNIQUE (source_id, source_type)
);

CREATE INDEX IF NOT EXISTS idx_backfill_checkpoints_status
ON ledger_backfill_checkpoints (status);
CREATE INDEX IF NOT EXISTS idx_backfill_checkpoints_source
ON ledger_backfill_checkpoints (source_id, source_type);
