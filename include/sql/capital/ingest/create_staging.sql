-- Creates this run's empty staging: unlogged partitions, gone with the run.
SELECT
    trueup.create_partition('staged_entries', %(run_id)s) AS staged,
    trueup.create_partition('prepared_entries', %(run_id)s) AS prepared
