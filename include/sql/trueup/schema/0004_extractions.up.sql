-- Adds what a run keeps of a source that is no file: where its reading stands, and what it read.
CREATE TABLE trueup.extractions (
    run_id TEXT PRIMARY KEY REFERENCES trueup.runs (run_id),
    -- Where the reading goes on after a restart; committed with the rows before it.
    cursor JSONB NOT NULL,
    rows BIGINT NOT NULL DEFAULT 0,
    parts INTEGER NOT NULL DEFAULT 0,
    -- SHA-256 over the rows so far, in order: it does not depend on where parts end.
    content_hash TEXT NOT NULL DEFAULT '',
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    finished_at TIMESTAMPTZ
);

ALTER TABLE trueup.runs
-- What the source's content was: its file's hash, or that of the rows an API or a database gave.
ADD COLUMN content_fingerprint TEXT;

UPDATE trueup.runs SET content_fingerprint = source_fingerprint;

-- It takes one parameter more from now on; with both, a call would be ambiguous.
DROP FUNCTION IF EXISTS trueup.create_partition(TEXT, TEXT);
