-- Remembers of the app's tables not only the fingerprint of their schema but what it was made of,
-- so that a way back can name what has changed since.
ALTER TABLE trueup.capital_migrations ADD COLUMN shape JSONB;

-- A row's time belongs to its verdict, too; the function that asks for it has another signature.
DROP FUNCTION IF EXISTS capital_verdict(TEXT, TEXT, NUMERIC, TEXT);
