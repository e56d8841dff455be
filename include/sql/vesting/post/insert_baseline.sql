-- Keeps every lot as it stands before the run.
INSERT INTO trueup.baseline_lots (run_id, lot_id, digest)
SELECT %(run_id)s, lot.id, vesting_lot_digest(lot)
FROM vault_vesting_lots AS lot
