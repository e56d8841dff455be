-- Shows how far every range of every run is settled.
CREATE OR REPLACE VIEW trueup.run_checkpoints AS
SELECT
    run_id,
    range_no,
    first_key,
    last_key,
    checkpoint_key,
    batches,
    read,
    posted,
    replayed,
    quarantined,
    updated_at
FROM trueup.run_ranges;
