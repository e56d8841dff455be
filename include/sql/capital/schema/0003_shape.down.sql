-- Forgets what the schema of the app's tables was made of.
ALTER TABLE trueup.capital_migrations DROP COLUMN shape;
