-- Counts lots that stood before the run and that others have changed or removed since.
SELECT count(*) AS accounts
FROM trueup.baseline_lots AS baseline
LEFT JOIN vault_vesting_lots AS lot ON lot.id = baseline.lot_id
WHERE
    baseline.run_id = %(run_id)s
    AND (lot.id IS NULL OR vesting_lot_digest(lot) <> baseline.digest)
    -- While lots of the run stand, nobody else is to blame.
    AND NOT EXISTS (SELECT 1 FROM vault_vesting_lots AS own WHERE own.run_id = %(run_id)s)
