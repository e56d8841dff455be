-- Gives the entries that this run posted, for the expectations that look at them column by column.
SELECT
    id,
    asset_type,
    transaction_type,
    reference_id
FROM ledger_entries
WHERE id > %(high_water_entry_id)s AND run_id = %(run_id)s
