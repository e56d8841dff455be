-- Tells whether a promise was made already, by an attempt that broke off.
SELECT count(*) > 0 AS found
FROM pg_constraint
WHERE conrelid = to_regclass('ledger_entries') AND conname = %(promise)s
