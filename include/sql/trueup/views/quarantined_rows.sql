-- Shows every row that was read and not posted, with its reason and as it stood in the source.
CREATE OR REPLACE VIEW trueup.quarantined_rows AS
SELECT
    run_id,
    position,
    reason_code,
    reason,
    raw,
    fields
FROM trueup.quarantine;
