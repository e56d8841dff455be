-- Counts rows that this run took from an old table and that no longer stand there as they did.
SELECT count(*) AS stale
FROM trueup.staged_entries AS staged
WHERE
    staged.run_id = %(run_id)s
    AND NOT EXISTS (
        SELECT 1 FROM {source} AS source WHERE to_jsonb(source.*)::TEXT = staged.raw
    )
