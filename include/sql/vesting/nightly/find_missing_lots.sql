-- Finds completed deposits without a lot, by currency: the next backfill would make them, or says
-- why it cannot.
SELECT
    'warning' AS severity,
    format(
        'deposits in %%s without a lot', coalesce(deposit.currency_code, deposit.entry_currency)
    ) AS subject,
    NULL AS currency_code,
    0 AS expected,
    count(*) AS actual,
    format(
        '%%s completed deposits have no lot; run vesting_lots_backfill, and look at its '
        'quarantine.', count(*)
    ) AS cause
FROM vault_deposits AS deposit
WHERE
    deposit.status = 'COMPLETED'
    AND NOT EXISTS (
        SELECT 1 FROM vault_vesting_lots AS lot
        WHERE lot.source_operation_id = deposit.operation_id
    )
GROUP BY coalesce(deposit.currency_code, deposit.entry_currency)
