-- Finds currencies whose balances do not net to what their opening balances net to: no entry
-- changes that, for each has a debit and a credit.
SELECT
    'critical' AS severity,
    'all accounts' AS subject,
    currency_code,
    sum(CASE normal_side WHEN 'debit' THEN opening_balance ELSE -opening_balance END) AS expected,
    sum(CASE normal_side WHEN 'debit' THEN balance ELSE -balance END) AS actual,
    'Debits and credits differ: a balance was moved without an entry.' AS cause
FROM ledger_openings
GROUP BY currency_code
HAVING
    sum(CASE normal_side WHEN 'debit' THEN balance ELSE -balance END)
    <> sum(CASE normal_side WHEN 'debit' THEN opening_balance ELSE -opening_balance END)
