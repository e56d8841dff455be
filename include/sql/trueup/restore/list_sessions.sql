-- Lists other sessions in this database: a person should know who works on.
SELECT pid, usename AS role, application_name, state
FROM pg_stat_activity
WHERE
    datname = current_database()
    AND pid <> pg_backend_pid()
    AND backend_type = 'client backend'
ORDER BY pid
