-- Takes rows out of the plain ones: their lines are staged, and judged with the doubtful.
DELETE FROM trueup.prepared_entries
WHERE run_id = %(run_id)s AND plain AND position = ANY(%(positions)s)
