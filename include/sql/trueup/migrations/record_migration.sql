-- Remembers that a file was applied, and in which text.
INSERT INTO trueup.schema_migrations (name, checksum)
VALUES (%(name)s, %(checksum)s)
ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now()
