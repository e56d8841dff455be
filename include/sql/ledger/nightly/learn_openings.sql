-- Keeps the opening balances of accounts that no night has seen before; with anew, those that stand
-- now, for all.
INSERT INTO trueup.known_openings (
    system, account_id, currency_code, opening_balance, night_id
)
SELECT
    'ledger',
    account_id,
    currency_code,
    CASE WHEN %(anew)s THEN unexplained ELSE opening_balance END,
    %(night_id)s
FROM ledger_openings
ON CONFLICT (system, account_id) DO UPDATE SET
    opening_balance = excluded.opening_balance,
    night_id = excluded.night_id
WHERE %(anew)s AND known_openings.opening_balance <> excluded.opening_balance
