-- Checks every closed transaction that stands.
SELECT refuse_broken_rule(
    'coin_ledger_transactions', 'coin_ledger_transactions_closed_in_balance', count(*)
) AS held
FROM unbalanced_transactions
