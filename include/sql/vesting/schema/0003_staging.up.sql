-- Creates the parents of the staging tables; every run attaches partitions of its own.
-- What the source said, a row a deposit.
CREATE TABLE trueup.staged_entries (
    run_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    reason_code TEXT,
    reason TEXT,
    raw TEXT NOT NULL,
    operation_id UUID NOT NULL,
    status TEXT NOT NULL,
    user_id UUID,
    vault_id UUID,
    -- What the operation says, and what its ledger entry says.
    currency_code TEXT,
    entry_currency TEXT,
    amount NUMERIC,
    -- How many debits of an available wallet the operation has: a deposit has one.
    debits BIGINT NOT NULL,
    deposited_at TIMESTAMPTZ NOT NULL
) PARTITION BY LIST (run_id);

-- The lots that can be posted.
CREATE TABLE trueup.prepared_entries (
    run_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    vault_id UUID NOT NULL,
    vault_code TEXT NOT NULL,
    user_id UUID NOT NULL,
    currency TEXT NOT NULL,
    deposit_day DATE NOT NULL,
    release_day DATE NOT NULL,
    amount NUMERIC(20, 2) NOT NULL,
    source_operation_id UUID NOT NULL
) PARTITION BY LIST (run_id);

-- Every lot as it stood when a run's state hash was taken, as a fingerprint.
CREATE TABLE trueup.baseline_lots (
    run_id TEXT NOT NULL REFERENCES trueup.runs (run_id),
    lot_id UUID NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (run_id, lot_id)
);

ALTER TABLE vault_vesting_lots
-- Which run and which of its rows made the lot: they tell "mine" from a replay.
ADD COLUMN IF NOT EXISTS run_id TEXT,
ADD COLUMN IF NOT EXISTS run_line BIGINT;

INSERT INTO trueup.reason_codes (code, meaning) VALUES
('missing_entry', 'The operation has no debit of an available wallet: its user is unknown.'),
('ambiguous_entry', 'The operation has several debits of an available wallet; one is expected.'),
('unknown_user', 'The account that the deposit was taken from belongs to no user.'),
('unknown_vault', 'The vault that the deposit names does not exist.');
