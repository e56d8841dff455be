-- Gives this run's users as they were staged.
SELECT
    position,
    user_id,
    total_coins
FROM trueup.staged_entries
WHERE run_id = %(run_id)s
