-- Locks a run for a change of its state; batches in flight hold it shared and are waited for.
SELECT status, attempt FROM trueup.runs WHERE run_id = %(run_id)s FOR UPDATE
