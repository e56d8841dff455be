-- Creates the parents of the staging tables; every run attaches unlogged partitions of its own.
-- What the source said, as text, a row a record, unreadable ones included.
CREATE TABLE trueup.staged_entries (
    run_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    reason_code TEXT,
    reason TEXT,
    raw TEXT NOT NULL,
    ledger_id TEXT,
    debit_account_id TEXT,
    credit_account_id TEXT,
    amount TEXT,
    currency_code TEXT,
    asset_type TEXT,
    transaction_type TEXT,
    reference_id TEXT,
    timestamp_utc TEXT,
    fx_rate TEXT,
    metadata TEXT
) PARTITION BY LIST (run_id);

-- What of it can be posted, typed, with defaults filled in and a reference for every row.
CREATE TABLE trueup.prepared_entries (
    run_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    ledger_id TEXT COLLATE "C" NOT NULL,
    debit_account_id TEXT COLLATE "C" NOT NULL,
    credit_account_id TEXT COLLATE "C" NOT NULL,
    amount NUMERIC NOT NULL,
    currency_code TEXT NOT NULL,
    asset_type TEXT NOT NULL,
    transaction_type TEXT NOT NULL,
    reference_id TEXT COLLATE "C" NOT NULL,
    reference_generated BOOLEAN NOT NULL,
    timestamp_utc TIMESTAMPTZ NOT NULL,
    fx_rate NUMERIC,
    metadata JSONB,
    content_hash UUID NOT NULL
) PARTITION BY LIST (run_id);

-- The accounts that a run will create, from its accounts file.
CREATE TABLE trueup.staged_accounts (
    run_id TEXT NOT NULL REFERENCES trueup.runs (run_id),
    account_id TEXT COLLATE "C" NOT NULL,
    currency_code TEXT NOT NULL,
    normal_side TEXT NOT NULL,
    allow_overdraft BOOLEAN NOT NULL,
    PRIMARY KEY (run_id, account_id)
);

-- Every account as it stood when a run's state hash was taken; opening is what no entry explains.
CREATE TABLE trueup.baseline_accounts (
    run_id TEXT NOT NULL REFERENCES trueup.runs (run_id),
    account_id TEXT COLLATE "C" NOT NULL,
    currency_code TEXT NOT NULL,
    normal_side TEXT NOT NULL,
    allow_overdraft BOOLEAN NOT NULL,
    balance NUMERIC NOT NULL,
    available_balance NUMERIC NOT NULL,
    reserved_balance NUMERIC NOT NULL,
    opening_balance NUMERIC NOT NULL,
    PRIMARY KEY (run_id, account_id)
);
