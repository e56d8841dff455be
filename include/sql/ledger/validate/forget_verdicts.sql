-- Forgets the verdicts of an earlier attempt to validate; what ingest found plain stays.
WITH forgotten AS (
    DELETE FROM trueup.prepared_entries WHERE run_id = %(run_id)s AND NOT plain
), movements AS (
    DELETE FROM trueup.movements WHERE run_id = %(run_id)s AND NOT plain
)
DELETE FROM trueup.quarantine WHERE run_id = %(run_id)s
