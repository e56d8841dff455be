-- Creates what a comparison of two ledgers found, a row a reference.
CREATE TABLE trueup.ledger_differences (
    run_id TEXT NOT NULL REFERENCES trueup.runs (run_id),
    reference_id TEXT COLLATE "C" NOT NULL,
    kind TEXT NOT NULL CONSTRAINT ledger_differences_kind_known CHECK (
        kind IN ('missing_here', 'missing_there', 'different')
    ),
    here TEXT,
    there TEXT,
    -- Why it is no surprise: the other ledger has refused the entry.
    known_reason TEXT,
    PRIMARY KEY (run_id, reference_id)
);
