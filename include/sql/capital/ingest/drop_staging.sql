-- Drops this run's staging.
SELECT
    trueup.drop_partition('staged_entries', %(run_id)s) AS staged,
    trueup.drop_partition('prepared_entries', %(run_id)s) AS prepared
