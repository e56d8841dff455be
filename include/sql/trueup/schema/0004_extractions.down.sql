-- Takes back what a run keeps of a source that is no file.
ALTER TABLE trueup.runs
DROP COLUMN content_fingerprint;

DROP TABLE trueup.extractions;

DROP FUNCTION IF EXISTS trueup.create_partition(TEXT, TEXT, BOOLEAN);
