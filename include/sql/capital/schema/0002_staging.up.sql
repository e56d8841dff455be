-- Creates the parents of the staging tables, every run attaches partitions of its own; and what a
-- migration remembers of the lending app's tables.
-- A row of one of the four tables as it stood when it was read.
CREATE TABLE trueup.staged_entries (
    run_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    reason_code TEXT,
    reason TEXT,
    raw TEXT NOT NULL,
    -- ACCION, MULTA, PRESTAMO or PAGO, and the row's id in its table.
    kind TEXT NOT NULL,
    source_id TEXT NOT NULL,
    junta_id TEXT,
    -- Of a payment: its loan.
    prestamo_id TEXT,
    -- Type of an accion; status of a multa or a loan.
    word TEXT,
    -- The float's own decimal digits; none: no number at all.
    amount NUMERIC,
    occurred_at TIMESTAMPTZ NOT NULL
) PARTITION BY LIST (run_id);

-- A row that can be booked, and the movement that is due; amount is above zero, in whole cents.
CREATE TABLE trueup.prepared_entries (
    run_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    kind TEXT NOT NULL,
    source_id TEXT NOT NULL,
    junta_id TEXT NOT NULL,
    amount NUMERIC(20, 2) NOT NULL,
    occurred_at TIMESTAMPTZ NOT NULL,
    -- Not so for a loan that is pending or rejected: it is carried over and moves no capital.
    moves BOOLEAN NOT NULL,
    -- A historic loan above what its junta had at that time: booked all the same, and flagged.
    over_available BOOLEAN NOT NULL
) PARTITION BY LIST (run_id);

-- A migration of the app's tables. Until it has cut over, the app works on its old schema; from
-- then on, on the new one. The row is written in the transactions that make it so.
CREATE TABLE trueup.capital_migrations (
    run_id TEXT PRIMARY KEY REFERENCES trueup.runs (run_id),
    -- Of the app's schema before anything of ours was in it.
    schema_hash TEXT NOT NULL,
    opened_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    cut_over_at TIMESTAMPTZ,
    undone_at TIMESTAMPTZ,
    -- When it was proved that all is as before, and nobody's changes were kept any longer.
    closed_at TIMESTAMPTZ
);

-- The app's tables can be on their way once at a time.
CREATE UNIQUE INDEX capital_migrations_one_at_a_time ON trueup.capital_migrations ((TRUE))
WHERE closed_at IS NULL;

-- Each row of the app's old tables that others have inserted, changed or deleted since a migration
-- opened, as it was before their first change; none: it was not there.
-- No foreign key to the run: the app's writers would hold on to its row.
CREATE TABLE trueup.capital_changes (
    run_id TEXT NOT NULL,
    table_name TEXT NOT NULL,
    row_id TEXT NOT NULL,
    before JSONB,
    PRIMARY KEY (run_id, table_name, row_id)
);

INSERT INTO trueup.reason_codes (code, meaning) VALUES
('unknown_junta', 'The row names no junta, or a payment no loan of a junta.'),
('unknown_status', 'The status is none that the rules of capital know.');
