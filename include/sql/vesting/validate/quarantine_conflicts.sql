-- Quarantines deposits of which a lot of another content was made: taken for replays, the lot that
-- they earn would be missing.
WITH judged AS (
    SELECT entry.position, entry.source_operation_id
    FROM trueup.prepared_entries AS entry
    INNER JOIN vault_vesting_lots AS lot USING (source_operation_id)
    WHERE
        entry.run_id = %(run_id)s
        AND (lot.run_id, lot.run_line) IS DISTINCT FROM (entry.run_id, entry.position)
        AND NOT vesting_lot_is(lot, entry)
        -- Posting leaves what it quarantines where it was prepared.
        AND NOT EXISTS (
            SELECT 1 FROM trueup.quarantine AS quarantined
            WHERE quarantined.run_id = %(run_id)s AND quarantined.position = entry.position
        )
), removed AS (
    DELETE FROM trueup.prepared_entries AS entry USING judged
    WHERE entry.run_id = %(run_id)s AND entry.position = judged.position
)
INSERT INTO trueup.quarantine (run_id, position, stage, reason_code, reason, raw, fields)
SELECT
    %(run_id)s,
    judged.position,
    'validate',
    'conflicting_duplicate',
    format('Operation %%s: a lot of another content was made of it.', judged.source_operation_id),
    staged.raw,
    vesting_fields(
        staged.operation_id, staged.user_id, staged.amount,
        coalesce(staged.currency_code, staged.entry_currency), staged.deposited_at
    )
FROM judged
INNER JOIN trueup.staged_entries AS staged
    ON staged.run_id = %(run_id)s AND staged.position = judged.position
