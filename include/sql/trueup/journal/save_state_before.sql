-- Keeps the state hash before the first posting, and the high-water mark that it was taken at.
UPDATE trueup.runs SET
    state_hash_before = %(state_hash)s,
    high_water_entry_id = %(high_water_entry_id)s
WHERE run_id = %(run_id)s
