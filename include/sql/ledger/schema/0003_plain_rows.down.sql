-- Takes back what plain rows need.
ALTER TABLE trueup.prepared_entries
DROP COLUMN plain,
DROP COLUMN repeated,
ALTER COLUMN reference_generated DROP DEFAULT,
ALTER COLUMN content_hash SET NOT NULL;
