-- Lists accounts whose stored balances break the balance rules before the run begins.
SELECT
    id AS account_id,
    currency_code,
    balance::TEXT AS balance,
    available_balance::TEXT AS available_balance,
    reserved_balance::TEXT AS reserved_balance
FROM bank_accounts
WHERE
    reserved_balance < 0
    OR available_balance + reserved_balance > balance
    -- A run that is resumed has accounts that may still be on their way through zero.
    OR (available_balance < 0 AND NOT allow_overdraft AND backfill_run_id IS NULL)
ORDER BY id
