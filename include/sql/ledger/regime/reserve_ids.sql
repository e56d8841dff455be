-- Reserves an id for every line: entries of an initial load are numbered without asking for each.
WITH former AS (
    SELECT
        pg_get_serial_sequence('ledger_entries', 'id') AS sequence,
        nextval(pg_get_serial_sequence('ledger_entries', 'id')) AS entry_id_base
)
SELECT
    entry_id_base,
    setval(sequence, entry_id_base + %(last_key)s) AS reserved_to
FROM former
