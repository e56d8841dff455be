-- Reads what a migration of fields that is under way remembers.
SELECT obj_description(oid, 'pg_trigger')::JSONB AS memory
FROM pg_trigger
WHERE tgrelid = to_regclass('ledger_entries') AND tgname = 'fill_ledger_entry'
