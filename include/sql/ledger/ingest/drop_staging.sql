-- Drops this run's staging.
WITH blocks AS (
    DELETE FROM trueup.source_blocks WHERE run_id = %(run_id)s
), movements AS (
    DELETE FROM trueup.movements WHERE run_id = %(run_id)s
)
SELECT
    trueup.drop_partition('staged_entries', %(run_id)s) AS staged,
    trueup.drop_partition('prepared_entries', %(run_id)s) AS prepared
