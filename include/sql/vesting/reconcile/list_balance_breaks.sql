-- Lists users whose lots of this run are not, together, what the ledger says that they deposited.
-- Each lot's operation has one debit: a second one would count the lot twice, and is a break.
SELECT
    lot.user_id::TEXT AS account_id,
    lot.currency AS currency_code,
    coalesce(-sum(debit.amount), 0)::TEXT AS expected,
    sum(lot.amount)::TEXT AS actual
FROM vault_vesting_lots AS lot
LEFT JOIN (
    SELECT entry.operation_id, entry.amount
    FROM ledger_entries AS entry
    INNER JOIN accounts AS account ON account.id = entry.account_id
    WHERE entry.entry_type = 'DEBIT' AND account.account_type = 'WALLET_AVAILABLE'
) AS debit ON debit.operation_id = lot.source_operation_id
WHERE lot.run_id = %(run_id)s
GROUP BY lot.user_id, lot.currency
HAVING
    sum(lot.amount) IS DISTINCT FROM -sum(debit.amount)
    OR count(*) <> count(DISTINCT lot.id)
ORDER BY lot.user_id, lot.currency
