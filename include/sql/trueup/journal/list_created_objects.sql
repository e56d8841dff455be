-- Lists the objects of a kind that the run created.
SELECT table_name, name FROM trueup.created_objects
WHERE run_id = %(run_id)s AND kind = %(kind)s
ORDER BY table_name, name
