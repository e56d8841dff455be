-- Shows every committed batch of every run, with its control totals and times.
CREATE OR REPLACE VIEW trueup.run_batches AS
SELECT
    run_id,
    batch_no,
    first_key,
    last_key,
    read,
    posted,
    replayed,
    quarantined,
    seconds,
    checkpoint_seconds,
    committed_at
FROM trueup.batches;
