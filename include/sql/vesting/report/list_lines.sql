-- Gives the run's summary line by line, as the script that it replaces printed it: a line for each
-- of the first 5,000 lots, then how many more there are.
WITH asked AS (
    SELECT run_id, dry_run, plan ->> 'currency' AS currency, figures,
        total_posted, total_replayed, total_quarantined
    FROM trueup.runs WHERE run_id = %(run_id)s
), lots AS (
    SELECT
        row_number() OVER (ORDER BY prepared.position) AS number,
        format(
            CASE
                WHEN asked.dry_run THEN '[DRY RUN] Would create vesting lot for operation '
                ELSE 'Created vesting lot for operation '
            END || '%%s (user=%%s, amount=%%s, deposit_day=%%s)',
            prepared.source_operation_id, prepared.user_id, prepared.amount, prepared.deposit_day
        ) AS line
    FROM trueup.prepared_entries AS prepared
    CROSS JOIN asked
    LEFT JOIN vault_vesting_lots AS lot USING (source_operation_id)
    WHERE
        prepared.run_id = %(run_id)s
        AND CASE WHEN asked.dry_run THEN lot.id IS NULL ELSE lot.run_id = asked.run_id END
), errors AS (
    SELECT
        row_number() OVER (ORDER BY quarantined.position) AS number,
        format('Error (%%s): %%s', quarantined.reason_code, quarantined.reason) AS line
    FROM trueup.quarantine AS quarantined
    WHERE quarantined.run_id = %(run_id)s
), rule AS (
    SELECT repeat('=', 80) AS line
)
SELECT line
FROM (
    SELECT 1 AS part, 1 AS number, line FROM rule
    UNION ALL
    SELECT 1, 2, 'AVENIR Vesting Lots Backfill'
    UNION ALL
    SELECT 1, 3, line FROM rule
    UNION ALL
    SELECT 1, 4, 'DRY RUN MODE - No changes will be committed' FROM asked WHERE dry_run
    UNION ALL
    SELECT 1, 5, 'Currency: ' || coalesce(currency, 'all') FROM asked
    UNION ALL
    SELECT 1, 6, line FROM rule
    UNION ALL
    SELECT 1, 7, format(
        'Found %%s AVENIR deposit operations to process',
        (SELECT count(*) FROM trueup.staged_entries WHERE run_id = %(run_id)s)
    )
    UNION ALL
    SELECT 2, number, line FROM lots WHERE number <= 5000
    UNION ALL
    SELECT 3, 1, format('... and %%s more', count(*) - 5000) FROM lots HAVING count(*) > 5000
    UNION ALL
    SELECT 4, number, line FROM errors WHERE number <= 5000
    UNION ALL
    SELECT 5, 1, format('... and %%s more errors', count(*) - 5000)
    FROM errors HAVING count(*) > 5000
    UNION ALL
    SELECT 6, 1, line FROM rule
    UNION ALL
    SELECT 6, 2, 'Backfill Summary'
    UNION ALL
    SELECT 6, 3, line FROM rule
    UNION ALL
    SELECT 6, 4, 'Created: ' || CASE
        WHEN dry_run THEN (SELECT count(*) FROM lots) ELSE total_posted
    END FROM asked
    UNION ALL
    SELECT 6, 6, 'Skipped (already exist): ' || total_replayed FROM asked
    UNION ALL
    SELECT 6, 7, 'Errors: ' || total_quarantined FROM asked
    UNION ALL
    SELECT 6, 8, format(
        'Not eligible: %%s', coalesce((
            SELECT string_agg((aside ->> 'rows') || ' ' || (aside ->> 'what'), ', ')
            FROM jsonb_array_elements(asked.figures -> 'left_aside') AS aside
        ), '0')
    ) FROM asked
    UNION ALL
    SELECT 6, 9, line FROM rule
) AS lines
ORDER BY part, number
