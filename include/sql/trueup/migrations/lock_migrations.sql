-- Lets one session at a time migrate this database.
SELECT pg_advisory_xact_lock(hashtextextended('trueup migrations', 0))
