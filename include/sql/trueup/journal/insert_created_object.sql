-- Remembers an object that the run created; it goes with the run's rollback.
INSERT INTO trueup.created_objects (run_id, kind, table_name, name)
VALUES (%(run_id)s, %(kind)s, %(table_name)s, %(name)s)
ON CONFLICT (run_id, kind, table_name, name) DO NOTHING
