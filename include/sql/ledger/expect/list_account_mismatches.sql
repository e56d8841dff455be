-- Lists legs of this run's entries whose account does not exist or is kept in another currency.
SELECT
    leg.reference_id,
    leg.account_id,
    leg.currency_code,
    account.currency_code AS kept_in
FROM ledger_entry_legs AS leg
LEFT JOIN bank_accounts AS account ON account.id = leg.account_id
WHERE
    leg.entry_id > %(high_water_entry_id)s
    AND leg.run_id = %(run_id)s
    AND leg.currency_code IS DISTINCT FROM account.currency_code
ORDER BY leg.entry_id, leg.account_id
