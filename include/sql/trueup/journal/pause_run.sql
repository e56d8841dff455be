-- Asks a run to wait; raises in words unless it is posting.
SELECT trueup.pause_run(%(run_id)s) AS answer
