-- Lists prepared lots that do not stand as they were prepared.
SELECT
    prepared.position,
    prepared.source_operation_id,
    CASE WHEN lot.id IS NULL THEN 'missing' ELSE 'different' END AS fault
FROM trueup.prepared_entries AS prepared
LEFT JOIN vault_vesting_lots AS lot USING (source_operation_id)
WHERE
    prepared.run_id = %(run_id)s
    AND (lot.id IS NULL OR NOT vesting_lot_is(lot, prepared))
    AND NOT EXISTS (
        SELECT 1 FROM trueup.quarantine AS quarantined
        WHERE quarantined.run_id = %(run_id)s AND quarantined.position = prepared.position
    )
ORDER BY prepared.position
