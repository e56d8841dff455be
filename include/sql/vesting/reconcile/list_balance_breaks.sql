-- Lists users whose lots of this run are not, together, what the ledger says that they deposited.
SELECT
    lot.user_id::TEXT AS account_id,
    lot.currency AS currency_code,
    sum(deposit.amount)::TEXT AS expected,
    sum(lot.amount)::TEXT AS actual
FROM vault_vesting_lots AS lot
LEFT JOIN LATERAL (
    SELECT -sum(entry.amount) AS amount
    FROM ledger_entries AS entry
    INNER JOIN accounts AS account ON account.id = entry.account_id
    WHERE
        entry.operation_id = lot.source_operation_id
        AND entry.entry_type = 'DEBIT'
        AND account.account_type = 'WALLET_AVAILABLE'
) AS deposit ON TRUE
WHERE lot.run_id = %(run_id)s
GROUP BY lot.user_id, lot.currency
HAVING sum(lot.amount) IS DISTINCT FROM sum(deposit.amount)
ORDER BY lot.user_id, lot.currency
