-- Keeps one block of the source.
INSERT INTO trueup.source_blocks (
    run_id, first_key, last_key, byte_offset, byte_length, plain_rows, fingerprint
) VALUES (
    %(run_id)s, %(first_key)s, %(last_key)s, %(byte_offset)s, %(byte_length)s, %(plain_rows)s,
    %(fingerprint)s
)
