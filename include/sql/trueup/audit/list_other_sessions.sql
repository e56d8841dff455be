-- Lists other sessions in this database: a live ledger is fine, but a person should know.
SELECT
    pid,
    usename AS role,
    application_name,
    state,
    (xact_start < now() - INTERVAL '5 minutes') AS long_transaction
FROM pg_stat_activity
WHERE
    datname = current_database()
    AND pid <> pg_backend_pid()
    AND backend_type = 'client backend'
ORDER BY pid
