-- Lists rows that this run both put into quarantine and posted.
SELECT
    quarantined.position,
    entry.reference_id
FROM trueup.quarantine AS quarantined
INNER JOIN ledger_entries AS entry
    ON entry.run_id = quarantined.run_id AND entry.run_line = quarantined.position
WHERE quarantined.run_id = %(run_id)s AND entry.id > %(high_water_entry_id)s
ORDER BY quarantined.position
