-- Moves a table of the scratch database into the schema that is dumped from it.
ALTER TABLE {source} SET SCHEMA trueup_restored
