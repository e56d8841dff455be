-- Forgets the verdicts of an earlier attempt to validate. Once posting has begun, the quarantine
-- stays: what was approved is posted, and nothing else.
WITH forgotten AS (
    DELETE FROM trueup.prepared_entries WHERE run_id = %(run_id)s
)
DELETE FROM trueup.quarantine WHERE run_id = %(run_id)s AND NOT %(posting_began)s
