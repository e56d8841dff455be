-- Creates what a run of corrections found and proposed, a row a finding.
CREATE TABLE trueup.corrections (
    run_id TEXT NOT NULL REFERENCES trueup.runs (run_id),
    number INTEGER NOT NULL,
    kind TEXT NOT NULL CONSTRAINT corrections_kind_known CHECK (
        kind IN ('expected_balance', 'stored_balance', 'missing_entry', 'balance_rule')
    ),
    -- The account that is off; of a missing entry, its reference.
    subject TEXT NOT NULL,
    currency_code TEXT NOT NULL,
    expected NUMERIC,
    actual NUMERIC,
    cause TEXT NOT NULL,
    trust TEXT NOT NULL CONSTRAINT corrections_trust_known CHECK (trust IN ('source', 'ledger')),
    proposal TEXT NOT NULL CONSTRAINT corrections_proposal_known CHECK (
        proposal IN ('correction', 'missing_entry', 'nothing')
    ),
    -- The entry that is proposed, in the source format.
    fields JSONB,
    PRIMARY KEY (run_id, number)
);
