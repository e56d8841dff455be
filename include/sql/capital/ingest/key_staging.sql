-- Gives this run's filled staging its keys.
SELECT
    trueup.key_partition('staged_entries', %(run_id)s) AS staged,
    trueup.key_partition('prepared_entries', %(run_id)s) AS prepared
