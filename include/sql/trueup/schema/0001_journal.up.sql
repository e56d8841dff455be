-- Creates the journal: what every run did, in the same database as the books it changed.
CREATE SCHEMA IF NOT EXISTS trueup;

CREATE TABLE trueup.schema_migrations (
    name TEXT PRIMARY KEY,
    checksum TEXT NOT NULL,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE TABLE trueup.currencies (
    code TEXT PRIMARY KEY,
    minor_unit SMALLINT,
    withdrawn_on DATE
);

CREATE TABLE trueup.reason_codes (
    code TEXT PRIMARY KEY,
    meaning TEXT NOT NULL
);

CREATE TABLE trueup.runs (
    run_id TEXT PRIMARY KEY,
    dag_id TEXT NOT NULL,
    system TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'auditing'
    CONSTRAINT runs_status_known CHECK (
        status IN (
            'auditing', 'ingesting', 'validating', 'awaiting_approval', 'posting', 'constraining',
            'expecting', 'reconciling', 'completed', 'previewed', 'interrupted', 'paused',
            'rolling_back', 'rolled_back', 'refused', 'rollback_failed'
        )
    ),
    stage TEXT NOT NULL DEFAULT 'audit',
    plan JSONB NOT NULL,
    dry_run BOOLEAN NOT NULL,
    source TEXT NOT NULL,
    source_id TEXT NOT NULL,
    source_type TEXT NOT NULL,
    source_fingerprint TEXT,
    mapping_fingerprint TEXT,
    code_fingerprint TEXT NOT NULL,
    -- The attempt that owns the run. A worker of an earlier one finds another number and stops.
    attempt INTEGER NOT NULL DEFAULT 1,
    -- Rows staged and their control hash: an unlogged table is empty after a database crash.
    staged_rows BIGINT,
    staged_hash TEXT,
    left_out BIGINT NOT NULL DEFAULT 0,
    total_to_process BIGINT,
    total_read BIGINT NOT NULL DEFAULT 0,
    total_posted BIGINT NOT NULL DEFAULT 0,
    total_replayed BIGINT NOT NULL DEFAULT 0,
    total_quarantined BIGINT NOT NULL DEFAULT 0,
    breaks INTEGER,
    -- Highest ids when the state hash was taken: what lies above came after the run's start.
    high_water_entry_id BIGINT,
    state_hash_before TEXT,
    state_hash_after TEXT,
    digest TEXT,
    -- The approval holds for this digest alone.
    approved_digest TEXT,
    approved_by TEXT,
    approved_at TIMESTAMPTZ,
    failure TEXT CONSTRAINT runs_failure_known CHECK (
        failure IN ('refused', 'data', 'operational')
    ),
    message TEXT,
    figures JSONB NOT NULL DEFAULT '{}',
    started_by TEXT NOT NULL,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    last_seen_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    finished_at TIMESTAMPTZ
);

-- One run at a time may change the books of a system; a dry run changes nothing and may look on.
CREATE UNIQUE INDEX runs_one_open_per_system ON trueup.runs (system)
WHERE NOT dry_run AND status NOT IN (
    'completed', 'previewed', 'rolled_back', 'refused', 'rollback_failed'
);

CREATE INDEX runs_by_source ON trueup.runs (system, source_id, source_type, started_at);

CREATE TABLE trueup.run_attempts (
    run_id TEXT NOT NULL REFERENCES trueup.runs (run_id),
    attempt INTEGER NOT NULL,
    dag_id TEXT NOT NULL,
    airflow_run_id TEXT NOT NULL,
    started_by TEXT NOT NULL,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, attempt)
);

CREATE TABLE trueup.run_ranges (
    run_id TEXT NOT NULL REFERENCES trueup.runs (run_id),
    range_no INTEGER NOT NULL,
    first_key BIGINT NOT NULL,
    last_key BIGINT NOT NULL,
    -- The last key whose rows are settled; one below first_key when nothing is.
    checkpoint_key BIGINT NOT NULL,
    batches INTEGER NOT NULL DEFAULT 0,
    read BIGINT NOT NULL DEFAULT 0,
    posted BIGINT NOT NULL DEFAULT 0,
    replayed BIGINT NOT NULL DEFAULT 0,
    quarantined BIGINT NOT NULL DEFAULT 0,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, range_no),
    CONSTRAINT run_ranges_conservation CHECK (read = posted + replayed + quarantined)
);

CREATE TABLE trueup.batches (
    run_id TEXT NOT NULL REFERENCES trueup.runs (run_id),
    batch_no BIGINT NOT NULL,
    range_no INTEGER NOT NULL,
    first_key BIGINT NOT NULL,
    last_key BIGINT NOT NULL,
    read BIGINT NOT NULL,
    posted BIGINT NOT NULL,
    replayed BIGINT NOT NULL,
    quarantined BIGINT NOT NULL,
    seconds NUMERIC(12, 6) NOT NULL,
    checkpoint_seconds NUMERIC(12, 6) NOT NULL,
    committed_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (run_id, batch_no),
    CONSTRAINT batches_conservation CHECK (read = posted + replayed + quarantined)
);

CREATE TABLE trueup.quarantine (
    run_id TEXT NOT NULL REFERENCES trueup.runs (run_id),
    position BIGINT NOT NULL,
    stage TEXT NOT NULL,
    reason_code TEXT NOT NULL REFERENCES trueup.reason_codes (code),
    reason TEXT NOT NULL,
    raw TEXT NOT NULL,
    -- The row in the source format, ready to be mended: canonical names and texts.
    fields JSONB NOT NULL,
    PRIMARY KEY (run_id, position)
);

CREATE TABLE trueup.breaks (
    run_id TEXT NOT NULL REFERENCES trueup.runs (run_id),
    account_id TEXT NOT NULL,
    currency_code TEXT NOT NULL,
    -- What the ledger was held against: its own entries, the source's balances, the overdraft rule.
    compared_with TEXT NOT NULL CONSTRAINT breaks_compared_with_known CHECK (
        compared_with IN ('entries', 'expected_balances', 'overdraft')
    ),
    expected NUMERIC NOT NULL,
    actual NUMERIC NOT NULL,
    difference NUMERIC GENERATED ALWAYS AS (actual - expected) STORED,
    cause TEXT NOT NULL,
    PRIMARY KEY (run_id, account_id, currency_code, compared_with)
);

CREATE TABLE trueup.expected_balances (
    run_id TEXT NOT NULL REFERENCES trueup.runs (run_id),
    account_id TEXT NOT NULL,
    currency_code TEXT NOT NULL,
    expected_balance NUMERIC NOT NULL,
    as_of TIMESTAMPTZ,
    PRIMARY KEY (run_id, account_id, currency_code)
);

CREATE TABLE trueup.created_objects (
    run_id TEXT NOT NULL REFERENCES trueup.runs (run_id),
    kind TEXT NOT NULL CONSTRAINT created_objects_kind_known CHECK (
        kind IN ('constraint', 'account')
    ),
    table_name TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (run_id, kind, table_name, name)
);

CREATE TABLE trueup.expectation_results (
    run_id TEXT NOT NULL REFERENCES trueup.runs (run_id),
    suite TEXT NOT NULL,
    expectation TEXT NOT NULL,
    severity TEXT NOT NULL,
    success BOOLEAN NOT NULL,
    observed TEXT NOT NULL,
    PRIMARY KEY (run_id, suite, expectation)
);

-- What happened, a sentence a row, in order. Nothing here is ever changed.
CREATE TABLE trueup.audit_log (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id TEXT NOT NULL REFERENCES trueup.runs (run_id),
    logged_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    stage TEXT NOT NULL,
    event TEXT NOT NULL,
    detail JSONB NOT NULL DEFAULT '{}'
);

CREATE INDEX audit_log_by_run ON trueup.audit_log (run_id, id);
