-- Lists accounts of this run that may not overdraw and stand below zero now that it has posted.
SELECT
    id AS account_id,
    currency_code,
    available_balance::TEXT AS available_balance
FROM bank_accounts
WHERE backfill_run_id = %(run_id)s AND available_balance < 0 AND NOT allow_overdraft
ORDER BY id
