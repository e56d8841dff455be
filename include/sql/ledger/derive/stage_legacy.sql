-- Stages the rows of an old table with one row an entry that are not staged yet, in the order of
-- its key. Columns that it lacks are empty; a row without a reference gets one made of its key, so
-- that it is the same entry whenever it is read.
WITH legacy AS (
    SELECT
        fields,
        row_number() OVER (ORDER BY ordered, fields::TEXT) AS number
    FROM (
        SELECT to_jsonb(source.*) AS fields, source.{key} AS ordered
        FROM {source} AS source
    ) AS read
    WHERE NOT EXISTS (
        SELECT 1 FROM trueup.staged_entries AS staged
        WHERE staged.run_id = %(run_id)s AND staged.raw = read.fields::TEXT
    )
)
INSERT INTO trueup.staged_entries (
    run_id, position, raw, ledger_id, debit_account_id, credit_account_id, amount, currency_code,
    asset_type, transaction_type, reference_id, timestamp_utc, fx_rate, metadata
)
SELECT
    %(run_id)s,
    %(last_position)s + number,
    fields::TEXT,
    nullif(btrim(fields ->> 'ledger_id'), ''),
    nullif(btrim(fields ->> 'debit_account_id'), ''),
    nullif(btrim(fields ->> 'credit_account_id'), ''),
    nullif(btrim(fields ->> 'amount'), ''),
    nullif(btrim(fields ->> 'currency_code'), ''),
    nullif(btrim(fields ->> 'asset_type'), ''),
    nullif(btrim(fields ->> 'transaction_type'), ''),
    coalesce(
        nullif(btrim(fields ->> 'reference_id'), ''),
        %(prefix)s || %(source)s || '-' || (fields ->> %(key_column)s)
    ),
    nullif(btrim(fields ->> 'timestamp_utc'), ''),
    nullif(btrim(fields ->> 'fx_rate'), ''),
    fields ->> 'metadata'
FROM legacy
