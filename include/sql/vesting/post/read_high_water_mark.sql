-- Lots have no ascending ids: what stood before a run is kept lot by lot, in its baseline.
SELECT 0::BIGINT AS high_water_entry_id
