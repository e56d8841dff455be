-- Holds the corrected books against the same balances again, those aside where the ledger is right.
INSERT INTO trueup.expected_balances (
    run_id, account_id, currency_code, expected_balance, as_of
)
SELECT
    %(run_id)s,
    account_id,
    currency_code,
    expected_balance,
    coalesce(as_of, 'infinity')
FROM trueup.expected_balances
WHERE
    run_id = %(corrected)s
    AND coalesce(%(trust)s::JSONB ->> account_id, %(trust)s::JSONB ->> '*', 'source') = 'source'
ON CONFLICT DO NOTHING
