-- Ends a session; what it had not committed is undone.
SELECT pg_terminate_backend(%(pid)s) AS done
