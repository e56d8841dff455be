-- Ends the sessions of programs that a killed worker of this run has left behind.
SELECT pg_terminate_backend(pid, 5000) AS ended
FROM pg_stat_activity
WHERE
    datname = current_database()
    AND application_name = %(application_name)s
    AND pid <> pg_backend_pid()
