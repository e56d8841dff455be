-- Locks the source's checkpoint row, so that the sums after it see every range's commits.
SELECT id FROM ledger_backfill_checkpoints
WHERE source_id = %(source_id)s AND source_type = %(source_type)s
FOR UPDATE
