-- Fingerprints the lots that stood before the run and those that it made, whatever their order.
-- Lots that others made since are left out. Sums of two words of a SHA-256 per lot: no pair of
-- changes cancels out as it would under XOR.
SELECT encode(sha256(convert_to(concat_ws(
    ' ', 'lots', count(*),
    sum(('x' || left(digest, 16))::BIT(64)::BIGINT),
    sum(('x' || right(digest, 16))::BIT(64)::BIGINT)
), 'UTF8')), 'hex') AS state_hash
FROM (
    SELECT vesting_lot_digest(lot) AS digest
    FROM vault_vesting_lots AS lot
    WHERE
        lot.run_id = %(run_id)s
        OR lot.id IN (SELECT lot_id FROM trueup.baseline_lots WHERE run_id = %(run_id)s)
) AS digests
