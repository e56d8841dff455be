-- Lists the scratch databases that runs of this system have left on the server.
SELECT base.datname AS name
FROM pg_database AS base
INNER JOIN trueup.runs AS run ON base.datname = 'trueup_' || right(run.run_id, 56)
WHERE run.system = %(system)s
