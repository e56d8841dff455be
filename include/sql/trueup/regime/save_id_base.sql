-- Keeps what the ids of an initial load are counted from.
UPDATE trueup.runs SET entry_id_base = %(entry_id_base)s WHERE run_id = %(run_id)s
