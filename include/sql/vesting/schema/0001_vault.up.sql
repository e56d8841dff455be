-- Creates the vault's tables where they are missing, as they are deployed.
CREATE TABLE IF NOT EXISTS users (
    id UUID PRIMARY KEY,
    email VARCHAR(255) NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS vaults (
    id UUID PRIMARY KEY,
    code VARCHAR(50) NOT NULL CONSTRAINT vaults_code_unique UNIQUE,
    name VARCHAR(255) NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- An account's balance is the sum of its entries: a debit is negative, a credit positive.
CREATE TABLE IF NOT EXISTS accounts (
    id UUID PRIMARY KEY,
    user_id UUID CONSTRAINT accounts_user_exists REFERENCES users (id),
    vault_id UUID CONSTRAINT accounts_vault_exists REFERENCES vaults (id),
    account_type VARCHAR(50) NOT NULL,
    currency VARCHAR(3) NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS accounts_by_user ON accounts (user_id, account_type, currency);

CREATE TABLE IF NOT EXISTS operations (
    id UUID PRIMARY KEY,
    transaction_id UUID,
    type VARCHAR(50) NOT NULL,
    status VARCHAR(20) NOT NULL
    CONSTRAINT operations_status_known
    CHECK (status IN ('PENDING', 'COMPLETED', 'FAILED', 'CANCELLED')),
    idempotency_key VARCHAR(255) CONSTRAINT operations_idempotency_key_unique UNIQUE,
    operation_metadata JSON,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS operations_by_type ON operations (type, created_at);

CREATE TABLE IF NOT EXISTS ledger_entries (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    operation_id UUID NOT NULL
    CONSTRAINT ledger_entries_operation_exists REFERENCES operations (id),
    account_id UUID NOT NULL CONSTRAINT ledger_entries_account_exists REFERENCES accounts (id),
    amount NUMERIC(24, 8) NOT NULL,
    currency VARCHAR(3) NOT NULL,
    entry_type VARCHAR(10) NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT ledger_entries_signed CHECK (
        (entry_type = 'DEBIT' AND amount < 0) OR (entry_type = 'CREDIT' AND amount > 0)
    )
);

CREATE INDEX IF NOT EXISTS ledger_entries_by_operation ON ledger_entries (operation_id);
CREATE INDEX IF NOT EXISTS ledger_entries_by_account ON ledger_entries (account_id);

CREATE TABLE IF NOT EXISTS wallet_locks (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL CONSTRAINT wallet_locks_user_exists REFERENCES users (id),
    currency VARCHAR(3) NOT NULL,
    amount NUMERIC(24, 8) NOT NULL CONSTRAINT wallet_locks_amount_positive CHECK (amount > 0),
    reason VARCHAR(50) NOT NULL,
    reference_type VARCHAR(20) NOT NULL,
    reference_id UUID NOT NULL,
    status VARCHAR(20) NOT NULL DEFAULT 'ACTIVE'
    CONSTRAINT wallet_locks_status_known CHECK (status IN ('ACTIVE', 'RELEASED')),
    operation_id UUID CONSTRAINT wallet_locks_operation_exists REFERENCES operations (id),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    released_at TIMESTAMPTZ
);

CREATE INDEX IF NOT EXISTS wallet_locks_by_operation ON wallet_locks (operation_id);
CREATE INDEX IF NOT EXISTS wallet_locks_by_user ON wallet_locks (user_id, currency, status);

CREATE TABLE IF NOT EXISTS vault_vesting_lots (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    vault_id UUID NOT NULL CONSTRAINT vault_vesting_lots_vault_exists REFERENCES vaults (id),
    vault_code VARCHAR(50) NOT NULL,
    user_id UUID NOT NULL CONSTRAINT vault_vesting_lots_user_exists REFERENCES users (id),
    currency VARCHAR(3) NOT NULL DEFAULT 'AED',
    deposit_day DATE NOT NULL,
    release_day DATE NOT NULL,
    amount NUMERIC(20, 2) NOT NULL,
    released_amount NUMERIC(20, 2) NOT NULL DEFAULT 0,
    remaining_amount NUMERIC(20, 2) GENERATED ALWAYS AS (amount - released_amount) STORED,
    status VARCHAR(20) NOT NULL DEFAULT 'VESTED',
    source_operation_id UUID NOT NULL
    CONSTRAINT vault_vesting_lots_operation_unique UNIQUE
    CONSTRAINT vault_vesting_lots_operation_exists REFERENCES operations (id),
    last_released_at TIMESTAMPTZ,
    last_release_operation_id UUID
    CONSTRAINT vault_vesting_lots_release_exists REFERENCES operations (id),
    release_job_trace_id UUID,
    release_job_run_at TIMESTAMPTZ,
    metadata JSONB,
    CONSTRAINT vault_vesting_lots_amount_positive CHECK (amount > 0),
    CONSTRAINT vault_vesting_lots_released_within
    CHECK (released_amount >= 0 AND released_amount <= amount),
    CONSTRAINT vault_vesting_lots_status_known
    CHECK (status IN ('VESTED', 'RELEASED', 'CANCELLED')),
    CONSTRAINT vault_vesting_lots_released_means_all
    CHECK ((status = 'RELEASED') = (released_amount = amount))
);

CREATE INDEX IF NOT EXISTS vault_vesting_lots_mature
ON vault_vesting_lots (vault_code, currency, release_day, created_at, id)
WHERE status = 'VESTED';
CREATE INDEX IF NOT EXISTS vault_vesting_lots_by_user ON vault_vesting_lots (user_id);
