-- Takes away what the watch kept, and the views that need it.
ALTER TABLE trueup.nights DROP COLUMN missed_told_at;

DROP TABLE trueup.settings CASCADE;
