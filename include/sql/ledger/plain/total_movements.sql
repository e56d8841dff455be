-- Adds up what the plain rows of all blocks move on each account.
SELECT account_id, currency_code, sum(entries)::BIGINT, sum(debit), sum(credit)
FROM movements
GROUP BY account_id, currency_code
