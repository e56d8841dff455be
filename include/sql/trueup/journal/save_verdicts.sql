-- Keeps the verdicts' counts and their digest.
UPDATE trueup.runs SET
    total_to_process = %(read)s,
    digest = %(digest)s
WHERE run_id = %(run_id)s
