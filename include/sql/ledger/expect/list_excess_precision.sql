-- Lists entries of this run with more decimals than their currency has, or in no known currency.
-- ISO 4217 gives no minor unit to metals and units of account: eight decimals there.
SELECT
    entry.reference_id,
    entry.amount::TEXT AS amount,
    entry.currency_code
FROM ledger_entries AS entry
LEFT JOIN trueup.currencies AS currency ON currency.code = entry.currency_code
WHERE
    entry.id > %(high_water_entry_id)s
    AND entry.run_id = %(run_id)s
    AND (
        currency.code IS NULL
        OR min_scale(entry.amount) > coalesce(currency.minor_unit, 8)
    )
ORDER BY entry.id
