-- Forgets the verdicts of an earlier attempt to validate; what ingest found plain stays. Once
-- posting has begun, so does the quarantine: what was approved is posted, and nothing else.
WITH forgotten AS (
    DELETE FROM trueup.prepared_entries AS prepared
    USING trueup.staged_entries AS staged
    WHERE
        staged.run_id = %(run_id)s
        AND prepared.run_id = %(run_id)s
        AND prepared.position = staged.position
        AND NOT prepared.plain
), movements AS (
    DELETE FROM trueup.movements WHERE run_id = %(run_id)s AND NOT plain
)
DELETE FROM trueup.quarantine WHERE run_id = %(run_id)s AND NOT %(posting_began)s
