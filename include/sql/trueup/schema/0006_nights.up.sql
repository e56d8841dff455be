-- Creates what the nightly reconciliation keeps: a row a night and system, and what it found.
CREATE TABLE trueup.nights (
    night_id TEXT PRIMARY KEY,
    system TEXT NOT NULL,
    dag_id TEXT NOT NULL,
    airflow_run_id TEXT NOT NULL,
    -- The moment of the snapshot in which all checks looked.
    looked_at TIMESTAMPTZ NOT NULL,
    status TEXT NOT NULL CONSTRAINT nights_status_known CHECK (status IN ('clean', 'broken')),
    -- Runs that were changing the books while the checks looked.
    in_flight TEXT[] NOT NULL,
    figures JSONB NOT NULL
);

CREATE INDEX nights_by_system ON trueup.nights (system, looked_at);

CREATE TABLE trueup.night_findings (
    night_id TEXT NOT NULL REFERENCES trueup.nights (night_id),
    check_name TEXT NOT NULL,
    number INTEGER NOT NULL,
    severity TEXT NOT NULL CONSTRAINT night_findings_severity_known CHECK (
        severity IN ('critical', 'warning')
    ),
    -- What it is about: an account, a reference, a run.
    subject TEXT NOT NULL,
    currency_code TEXT,
    expected NUMERIC,
    actual NUMERIC,
    difference NUMERIC GENERATED ALWAYS AS (actual - expected) STORED,
    cause TEXT NOT NULL,
    PRIMARY KEY (night_id, check_name, number)
);

-- What stands on an account without an entry, and is known to: its opening balance.
CREATE TABLE trueup.known_openings (
    system TEXT NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    currency_code TEXT NOT NULL,
    opening_balance NUMERIC NOT NULL,
    night_id TEXT NOT NULL REFERENCES trueup.nights (night_id),
    PRIMARY KEY (system, account_id)
);
