-- Fills the next rows that lack a field. The trigger knows with what; any update calls it.
WITH chosen AS (
    SELECT id
    FROM ledger_entries
    WHERE
        id > %(after)s
        AND (
            ledger_id IS NULL OR currency_code IS NULL OR asset_type IS NULL
            OR transaction_type IS NULL OR reference_id IS NULL OR timestamp_utc IS NULL
        )
    ORDER BY id
    LIMIT %(rows)s
    FOR UPDATE
), filled AS (
    UPDATE ledger_entries AS entry SET
        ledger_id = entry.ledger_id
    FROM chosen
    WHERE entry.id = chosen.id
    RETURNING entry.id
)
SELECT
    count(*) AS filled,
    max(id) AS last_id
FROM filled
