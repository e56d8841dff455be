-- The deposit's legs, undone: out of the account that it credited, into the user's wallet.
INSERT INTO ledger_entries (operation_id, account_id, amount, currency, entry_type, created_at)
SELECT
    decided.operation_id,
    leg.account_id,
    leg.amount,
    lot.currency,
    leg.entry_type,
    now()
FROM vesting_release_outcomes AS decided
INNER JOIN vault_vesting_lots AS lot ON lot.id = decided.lot_id
CROSS JOIN LATERAL (
    VALUES
    (decided.from_account_id, -decided.amount, 'DEBIT'),
    (decided.to_account_id, decided.amount, 'CREDIT')
) AS leg (account_id, amount, entry_type)
WHERE
    decided.trace_id = %(trace_id)s
    AND decided.lot_id = any(%(released)s);
