-- Adds what the two regimes of posting need: live beside others, or initial into bare tables.
ALTER TABLE trueup.runs
-- NULL until the audit has looked; while a run posts in the initial regime, nobody else may.
ADD COLUMN regime TEXT CONSTRAINT runs_regime_known CHECK (regime IN ('live', 'initial')),
-- The run's entries have this id plus their line: fixed when posting in the initial regime begins.
ADD COLUMN entry_id_base BIGINT;

-- A source file's blocks of lines, when their plain rows go straight into the bare tables.
CREATE TABLE trueup.source_blocks (
    run_id TEXT NOT NULL REFERENCES trueup.runs (run_id),
    first_key BIGINT NOT NULL,
    last_key BIGINT NOT NULL,
    byte_offset BIGINT NOT NULL,
    byte_length BIGINT NOT NULL,
    -- How many rows of it are plain; the others are staged.
    plain_rows BIGINT NOT NULL,
    -- SHA-256 of the bytes that were judged: what is read again to be posted must have it too.
    -- NULL when the block stands for rows that are all staged.
    fingerprint TEXT,
    PRIMARY KEY (run_id, first_key),
    CONSTRAINT source_blocks_plain_rows_known CHECK (plain_rows = 0 OR fingerprint IS NOT NULL)
);

-- What a run's postable rows move on each account, and of how many entries it is the debit side.
CREATE TABLE trueup.movements (
    run_id TEXT NOT NULL REFERENCES trueup.runs (run_id),
    -- True: plain rows that are not staged. False: rows among the prepared ones.
    plain BOOLEAN NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    currency_code TEXT NOT NULL,
    entries BIGINT NOT NULL,
    debit NUMERIC NOT NULL,
    credit NUMERIC NOT NULL,
    PRIMARY KEY (run_id, plain, account_id, currency_code)
);

-- Keys and indexes that the initial regime has taken away, as they were, until they stand again.
CREATE TABLE trueup.suspended_objects (
    run_id TEXT NOT NULL REFERENCES trueup.runs (run_id),
    -- The order in which they are built again: indexes first, foreign keys last.
    place INTEGER NOT NULL,
    table_name TEXT NOT NULL,
    name TEXT NOT NULL,
    definition TEXT NOT NULL,
    PRIMARY KEY (run_id, place)
);
