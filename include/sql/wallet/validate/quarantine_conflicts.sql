-- Quarantines users whose opening balance was brought before and is nowhere in the journal: it
-- cannot be brought a second time.
WITH judged AS (
    SELECT entry.position, entry.user_id
    FROM trueup.prepared_entries AS entry
    INNER JOIN coin_ledger_transactions AS movement
        ON
            movement.external_ref = 'opening_balance:' || entry.user_id
            AND movement.type = 'opening_balance'
    WHERE
        entry.run_id = %(run_id)s
        AND entry.transaction_type = 'opening_balance'
        AND (movement.run_id, movement.run_line) IS DISTINCT FROM (entry.run_id, entry.position)
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
    format('User %%s: an opening balance without entries stands already.', judged.user_id),
    staged.raw,
    jsonb_build_object('userId', judged.user_id, 'totalCoins', staged.total_coins)
FROM judged
INNER JOIN trueup.staged_entries AS staged
    ON staged.run_id = %(run_id)s AND staged.position = judged.position
