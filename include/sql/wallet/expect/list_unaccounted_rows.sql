-- Lists staged users that have neither a wallet nor a place in quarantine.
SELECT
    staged.position,
    staged.user_id
FROM trueup.staged_entries AS staged
WHERE
    staged.run_id = %(run_id)s
    AND NOT EXISTS (
        SELECT 1 FROM trueup.quarantine AS quarantined
        WHERE quarantined.run_id = %(run_id)s AND quarantined.position = staged.position
    )
    AND NOT EXISTS (SELECT 1 FROM user_wallet AS wallet WHERE wallet.user_id = staged.user_id)
ORDER BY staged.position
