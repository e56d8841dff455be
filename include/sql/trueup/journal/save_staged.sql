-- Keeps what was staged, with its control hash.
UPDATE trueup.runs SET
    staged_rows = %(staged_rows)s,
    staged_hash = %(staged_hash)s,
    total_to_process = %(staged_rows)s
WHERE run_id = %(run_id)s
