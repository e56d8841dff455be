-- Says, for this transaction, that the run itself is writing.
SELECT set_config('trueup.run_id', %(run_id)s, TRUE)
