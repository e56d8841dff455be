-- Finds lots that are not what their deposit earns, or that break a rule of their own.
SELECT
    'critical' AS severity,
    'lot ' || lot.id AS subject,
    lot.currency AS currency_code,
    deposit.amount AS expected,
    lot.amount AS actual,
    CASE
        WHEN deposit.operation_id IS NULL THEN 'Its operation is no deposit into the vault.'
        WHEN deposit.status <> 'COMPLETED'
            THEN format('Its deposit is %%s.', lower(deposit.status))
        WHEN deposit.amount IS NULL OR lot.amount <> deposit.amount
            THEN 'Its amount is not what the ledger says was deposited.'
        WHEN deposit.user_id IS NULL OR lot.user_id <> deposit.user_id
            THEN 'It belongs to another user than the deposit.'
        WHEN lot.deposit_day <> deposit.deposit_day
            THEN 'Its deposit day is not the UTC date of the deposit.'
        ELSE 'Its release day is not 365 days after the deposit.'
    END AS cause
FROM vault_vesting_lots AS lot
LEFT JOIN vault_deposits AS deposit ON deposit.operation_id = lot.source_operation_id
WHERE
    deposit.operation_id IS NULL
    OR deposit.status <> 'COMPLETED'
    OR (lot.amount, lot.user_id, lot.deposit_day, lot.release_day)
    IS DISTINCT FROM (
        deposit.amount, deposit.user_id, deposit.deposit_day, deposit.deposit_day + 365
    )
