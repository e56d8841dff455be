-- Lists entries of this run whose amount is not a number above zero; NaN and infinity are above it.
SELECT
    reference_id,
    amount::TEXT AS amount,
    currency_code
FROM ledger_entries
WHERE
    id > %(high_water_entry_id)s
    AND run_id = %(run_id)s
    AND (amount <= 0 OR amount IN ('NaN', 'Infinity'))
ORDER BY id
