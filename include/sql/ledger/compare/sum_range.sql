-- Counts the entries of a range of references and adds up their checksums; gives the middle one.
SELECT
    count(*) AS count,
    coalesce(sum(word), 0)::TEXT AS checksum,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY reference_id) AS middle
FROM (
    SELECT
        entry.reference_id,
        ('x' || left(encode(sha256(convert_to(
            trueup.entry_text(entry), 'UTF8'
        )), 'hex'), 15))::BIT(60)::BIGINT AS word
    FROM ledger_entries AS entry
    WHERE
        entry.timestamp_utc >= %(since)s
        AND entry.timestamp_utc < %(before)s
        AND entry.reference_id > %(after)s
        AND (%(up_to)s::TEXT IS NULL OR entry.reference_id <= %(up_to)s)
        -- Of this ledger, what the other one is to know.
        AND EXISTS (SELECT 1 FROM dual_ledger_outbox AS outbox WHERE outbox.entry_id = entry.id)
) AS entries
