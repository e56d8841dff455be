-- Holds a run's state still while a batch is written; a rollback waits for it, then shuts the door.
SELECT status, attempt FROM trueup.runs WHERE run_id = %(run_id)s FOR SHARE
