-- Lists entries of this run whose debit and credit are one account.
SELECT
    reference_id,
    debit_account_id AS account_id
FROM ledger_entries
WHERE
    id > %(high_water_entry_id)s
    AND run_id = %(run_id)s
    AND debit_account_id = credit_account_id
ORDER BY id
