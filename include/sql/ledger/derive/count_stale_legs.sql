-- Counts entries that this run made of legs which no longer stand as they did; legs that were alone
-- may have found their other one since.
SELECT count(*) AS stale
FROM trueup.staged_entries AS staged
CROSS JOIN LATERAL jsonb_array_elements(
    CASE WHEN staged.reason_code IS NULL THEN staged.raw::JSONB ELSE '[]' END
) AS leg
WHERE
    staged.run_id = %(run_id)s
    AND NOT EXISTS (SELECT 1 FROM {source} AS source WHERE to_jsonb(source.*) = leg)
