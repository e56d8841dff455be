-- Adds the fields that an older table of entries lacks, empty, and a trigger that fills them: for
-- the batches, and for everybody who goes on writing without them. The comment remembers what was
-- added and how the table stood, so that it can be resumed and taken back.
ALTER TABLE ledger_entries
ADD COLUMN IF NOT EXISTS ledger_id TEXT COLLATE "C",
ADD COLUMN IF NOT EXISTS currency_code TEXT,
ADD COLUMN IF NOT EXISTS asset_type TEXT,
ADD COLUMN IF NOT EXISTS transaction_type TEXT,
ADD COLUMN IF NOT EXISTS reference_id TEXT COLLATE "C",
ADD COLUMN IF NOT EXISTS timestamp_utc TIMESTAMPTZ,
ADD COLUMN IF NOT EXISTS fx_rate NUMERIC,
ADD COLUMN IF NOT EXISTS metadata JSONB;

CREATE OR REPLACE FUNCTION fill_ledger_entry() RETURNS TRIGGER
LANGUAGE plpgsql AS $$
BEGIN
    NEW.ledger_id := coalesce(NEW.ledger_id, TG_ARGV[0]);
    NEW.asset_type := coalesce(NEW.asset_type, TG_ARGV[1]);
    NEW.transaction_type := coalesce(NEW.transaction_type, TG_ARGV[2]);
    NEW.reference_id := coalesce(NEW.reference_id, TG_ARGV[3] || NEW.id);
    NEW.timestamp_utc := coalesce(
        NEW.timestamp_utc, (to_jsonb(NEW) ->> TG_ARGV[4])::TIMESTAMPTZ, now()
    );
    NEW.currency_code := coalesce(NEW.currency_code, (
        SELECT currency_code FROM bank_accounts WHERE id = NEW.debit_account_id
    ));
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER fill_ledger_entry
BEFORE INSERT OR UPDATE ON ledger_entries
FOR EACH ROW EXECUTE FUNCTION fill_ledger_entry({filling});

COMMENT ON TRIGGER fill_ledger_entry ON ledger_entries IS {memory};
