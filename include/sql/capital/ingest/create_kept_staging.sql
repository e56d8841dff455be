-- Creates this run's empty staging for a source that is read only once: what it said is logged and
-- outlives a crash of the database; what is made of it need not.
SELECT
    trueup.create_partition('staged_entries', %(run_id)s, TRUE) AS staged,
    trueup.create_partition('prepared_entries', %(run_id)s) AS prepared
