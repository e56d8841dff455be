-- Lets an entry say which one it reverses. No entry is reversed twice.
ALTER TABLE ledger_entries
ADD COLUMN IF NOT EXISTS reverses BIGINT;

CREATE UNIQUE INDEX IF NOT EXISTS ledger_entries_reversed_once
ON ledger_entries (reverses) WHERE reverses IS NOT NULL;
