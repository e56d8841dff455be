-- Forgets the blocks of an earlier reading.
DELETE FROM trueup.source_blocks WHERE run_id = %(run_id)s
