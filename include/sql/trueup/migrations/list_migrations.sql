-- Lists what was applied, with the checksums of the texts.
SELECT name, checksum FROM trueup.schema_migrations
