-- Counts rows without a reference of their own that an earlier, different delivery of the same
-- source has posted: nothing tells them from new rows of equal content.
SELECT count(*) AS overlapping
FROM trueup.prepared_entries AS entry
INNER JOIN ledger_entries AS standing USING (ledger_id, reference_id)
INNER JOIN trueup.runs AS earlier ON earlier.run_id = standing.run_id
INNER JOIN trueup.runs AS this ON this.run_id = entry.run_id
WHERE
    entry.run_id = %(run_id)s
    AND entry.reference_generated
    AND earlier.run_id <> this.run_id
    AND earlier.content_fingerprint <> this.content_fingerprint
