-- What became of each lot that a release looked at. It outlives lots that are taken back: no keys.
CREATE TABLE IF NOT EXISTS vesting_release_outcomes (
    trace_id UUID NOT NULL,
    lot_id UUID NOT NULL,
    outcome TEXT NOT NULL
    CONSTRAINT vesting_release_outcomes_known CHECK (outcome IN ('RELEASED', 'LEFT', 'SKIPPED')),
    -- Why a lot was left or skipped; of a released one, what a person should know.
    reason TEXT,
    detail TEXT,
    amount NUMERIC(20, 2) NOT NULL,
    from_account_id UUID,
    to_account_id UUID,
    wallet_lock_id UUID,
    operation_id UUID,
    decided_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT vesting_release_outcomes_once PRIMARY KEY (trace_id, lot_id),
    CONSTRAINT vesting_release_outcomes_explained
    CHECK (outcome = 'RELEASED' OR reason IS NOT NULL),
    CONSTRAINT vesting_release_outcomes_paid CHECK (
        outcome != 'RELEASED' OR (from_account_id, to_account_id, operation_id) IS NOT NULL
    )
);

CREATE INDEX IF NOT EXISTS vesting_release_outcomes_by_lot ON vesting_release_outcomes (lot_id);
