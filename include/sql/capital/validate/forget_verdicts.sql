-- Forgets the verdicts of an earlier attempt to validate.
WITH forgotten AS (
    DELETE FROM trueup.prepared_entries WHERE run_id = %(run_id)s
)
DELETE FROM trueup.quarantine WHERE run_id = %(run_id)s
