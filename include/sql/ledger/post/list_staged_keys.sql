-- Lists the keys of a block that are staged: its other rows are plain.
SELECT position FROM trueup.staged_entries
WHERE run_id = %(run_id)s AND position BETWEEN %(first_key)s AND %(last_key)s
ORDER BY position
