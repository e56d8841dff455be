-- Keeps the state hash after a rollback.
UPDATE trueup.runs SET state_hash_after = %(state_hash)s WHERE run_id = %(run_id)s
