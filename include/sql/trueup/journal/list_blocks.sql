-- Lists the blocks of a run's source.
SELECT first_key, last_key, byte_offset, byte_length, plain_rows, fingerprint
FROM trueup.source_blocks
WHERE run_id = %(run_id)s
ORDER BY first_key
