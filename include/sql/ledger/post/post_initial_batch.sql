-- Posts the prepared rows of a block beside its plain ones, moves the balances of both, and counts
-- from the tables what was read.
SELECT
    (
        SELECT count(*) FROM trueup.staged_entries
        WHERE run_id = %(run_id)s AND position BETWEEN %(first_key)s AND %(last_key)s
    ) AS read,
    outcome.posted,
    outcome.replayed
FROM post_initial_batch(
    %(run_id)s, %(first_key)s, %(last_key)s, %(entry_id_base)s, %(outbox)s, %(accounts)s,
    %(debits)s
) AS outcome
