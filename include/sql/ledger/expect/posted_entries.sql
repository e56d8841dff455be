-- Gives the entries that this run posted, for the expectations that look at them column by column.
-- Those pass over NULL: what is missing is shown as empty.
SELECT
    id,
    coalesce(asset_type, '') AS asset_type,
    coalesce(transaction_type, '') AS transaction_type,
    coalesce(reference_id, '') AS reference_id
FROM ledger_entries
WHERE id > %(high_water_entry_id)s AND run_id = %(run_id)s
