-- Lets plain rows go straight into the prepared entries; only doubtful ones are staged as text.
ALTER TABLE trueup.prepared_entries
-- True for a row that ingest found plain. COPY leaves the columns with defaults out.
ADD COLUMN plain BOOLEAN NOT NULL DEFAULT TRUE,
-- True for a row that an earlier one of this source says already: posting it is a replay.
ADD COLUMN repeated BOOLEAN NOT NULL DEFAULT FALSE,
ALTER COLUMN reference_generated SET DEFAULT FALSE,
-- Kept only where the entry itself cannot tell: its timestamp was filled in.
ALTER COLUMN content_hash DROP NOT NULL;
