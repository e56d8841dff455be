-- Creates the parents of the staging tables; every run attaches partitions of its own.
-- What the books said of a user when a run began: coins, wallet, journal.
CREATE TABLE trueup.staged_entries (
    run_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    reason_code TEXT,
    reason TEXT,
    raw TEXT NOT NULL,
    user_id TEXT NOT NULL,
    total_coins INTEGER,
    wallet_id TEXT,
    balance INTEGER,
    available_balance INTEGER,
    -- Credits less debits of the wallet, how many entries those are, and how many closed
    -- transactions have one of them as their only leg.
    journal_balance BIGINT NOT NULL,
    journal_entries BIGINT NOT NULL,
    one_legged BIGINT NOT NULL
) PARTITION BY LIST (run_id);

-- What a user wants so that coins, wallet and journal say the same.
CREATE TABLE trueup.prepared_entries (
    run_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    user_id TEXT NOT NULL,
    wallet_id TEXT NOT NULL,
    has_wallet BOOLEAN NOT NULL,
    -- Coins that a transaction of the type brings (or takes, below zero); none: no transaction.
    transaction_type TEXT,
    transaction_id TEXT,
    coins INTEGER,
    one_legged BIGINT NOT NULL,
    is_off BOOLEAN NOT NULL,
    -- Whether anything at all is to be done for the user.
    is_wanting BOOLEAN NOT NULL
) PARTITION BY LIST (run_id);

-- Every wallet that stood when a run's state hash was taken, and by how much the run corrected its
-- balances beside the entries that it booked. Wallets that others made later stand here, too, once
-- the run corrects them.
CREATE TABLE trueup.baseline_wallets (
    run_id TEXT NOT NULL REFERENCES trueup.runs (run_id),
    wallet_id TEXT NOT NULL,
    balance INTEGER NOT NULL,
    available_balance INTEGER NOT NULL,
    stood BOOLEAN NOT NULL DEFAULT TRUE,
    corrected INTEGER NOT NULL DEFAULT 0,
    corrected_available INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run_id, wallet_id)
);

-- Which run made a row, and of which of its own: they tell "mine" from a replay.
ALTER TABLE user_wallet ADD COLUMN IF NOT EXISTS run_id TEXT;
ALTER TABLE coin_ledger_transactions
ADD COLUMN IF NOT EXISTS run_id TEXT,
ADD COLUMN IF NOT EXISTS run_line BIGINT;
ALTER TABLE coin_journal_entries
ADD COLUMN IF NOT EXISTS run_id TEXT,
-- The order of a wallet's chain: creation times are those of transactions, and may be equal.
ADD COLUMN IF NOT EXISTS entry_no BIGINT;

UPDATE coin_journal_entries AS entry
SET entry_no = numbered.number
FROM (
    SELECT id, row_number() OVER (ORDER BY created_at, id) AS number FROM coin_journal_entries
) AS numbered
WHERE entry.id = numbered.id;

CREATE SEQUENCE IF NOT EXISTS coin_journal_entries_entry_no_seq
OWNED BY coin_journal_entries.entry_no;
SELECT setval(
    'coin_journal_entries_entry_no_seq',
    (SELECT coalesce(max(entry_no), 0) + 1 FROM coin_journal_entries),
    FALSE
);
ALTER TABLE coin_journal_entries
ALTER COLUMN entry_no SET DEFAULT nextval('coin_journal_entries_entry_no_seq'),
ALTER COLUMN entry_no SET NOT NULL;

CREATE UNIQUE INDEX IF NOT EXISTS coin_journal_entries_chain
ON coin_journal_entries (wallet_id, entry_no);

-- A user has one opening balance, and a run trues a user up once.
CREATE UNIQUE INDEX IF NOT EXISTS coin_ledger_transactions_brought_once
ON coin_ledger_transactions (external_ref)
WHERE type IN ('opening_balance', 'true_up');

INSERT INTO trueup.reason_codes (code, meaning) VALUES
('invalid_balance', 'The user has no number of coins, or one below zero.');
