-- Tells whether this database has a journal yet.
SELECT to_regclass('trueup.schema_migrations') IS NOT NULL AS found
