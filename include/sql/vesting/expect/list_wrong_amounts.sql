-- Lists lots of this run whose amount, currency or user is not what the deposit's debit says.
SELECT
    lot.source_operation_id,
    lot.amount,
    deposit.amount AS deposited
FROM vault_vesting_lots AS lot
LEFT JOIN vault_deposits AS deposit ON deposit.operation_id = lot.source_operation_id
WHERE
    lot.run_id = %(run_id)s
    AND (lot.amount, lot.currency, lot.user_id)
    IS DISTINCT FROM (deposit.amount, deposit.entry_currency, deposit.user_id)
ORDER BY lot.source_operation_id
