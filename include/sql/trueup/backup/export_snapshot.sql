-- Names the snapshot of this transaction, so that a dump sees exactly what it sees.
SELECT pg_export_snapshot() AS snapshot
