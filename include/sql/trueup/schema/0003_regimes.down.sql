-- Takes away what the two regimes of posting need.
DROP TABLE trueup.source_blocks, trueup.movements, trueup.suspended_objects;
ALTER TABLE trueup.runs DROP COLUMN regime, DROP COLUMN entry_id_base;
