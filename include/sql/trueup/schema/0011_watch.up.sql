-- Creates what the watch keeps: what a deployment says and views must know, and what was told.
CREATE TABLE trueup.settings (
    only_row BOOLEAN PRIMARY KEY DEFAULT TRUE CONSTRAINT settings_only_row CHECK (only_row),
    -- How long a run may be silent on which somebody works: TRUEUP_STALLED_AFTER.
    stalled_after INTERVAL NOT NULL DEFAULT INTERVAL '30 minutes'
);

INSERT INTO trueup.settings DEFAULT VALUES;

-- When whoever is on call was last told that nobody looks at a system's books.
CREATE TABLE trueup.missed_nights (
    system TEXT PRIMARY KEY,
    told_at TIMESTAMPTZ NOT NULL
);
