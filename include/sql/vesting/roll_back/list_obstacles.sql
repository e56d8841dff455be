-- Says why the run's lots cannot be removed: something was done with some of them since.
SELECT format(
    '%%s of the %%s lots of run %%s were released or cancelled since, the first is %%s (%%s %%s). '
    'What was paid out stands: without its lot the release could not be explained. Nothing more '
    'is removed.',
    count(*) FILTER (WHERE changed),
    count(*),
    %(run_id)s,
    (array_agg(id ORDER BY id) FILTER (WHERE changed))[1],
    (array_agg(released_amount ORDER BY id) FILTER (WHERE changed))[1],
    (array_agg(currency ORDER BY id) FILTER (WHERE changed))[1]
) AS obstacle
FROM (
    SELECT
        id,
        currency,
        released_amount,
        status <> 'VESTED' OR released_amount <> 0 OR last_release_operation_id IS NOT NULL
            AS changed
    FROM vault_vesting_lots
    WHERE run_id = %(run_id)s
) AS own
HAVING bool_or(changed)
