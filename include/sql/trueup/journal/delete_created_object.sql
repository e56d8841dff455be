-- Forgets an object that the run created and that is gone again.
DELETE FROM trueup.created_objects
WHERE run_id = %(run_id)s AND kind = %(kind)s AND table_name = %(table_name)s AND name = %(name)s
