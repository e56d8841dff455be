-- Cancels what a session is at; one that is idle in a transaction is not moved by it.
SELECT pg_cancel_backend(%(pid)s) AS done
