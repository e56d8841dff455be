-- Reads a block again, to post it: every row that is not staged is plain.
CREATE OR REPLACE TEMP TABLE judged AS
WITH numbered AS (
    SELECT
        $first_key - 1 + row_number() OVER () AS position,
        coalesce(ledger_id, $ledger_id) AS ledger_id,
        debit_account_id,
        credit_account_id,
        amount,
        coalesce(currency_code, 'USD') AS currency_code,
        coalesce(asset_type, 'fiat') AS asset_type,
        transaction_type,
        reference_id,
        timestamp_utc,
        fx_rate,
        metadata
    FROM block
)
SELECT
    numbered.*,
    position NOT IN (SELECT unnest($staged_keys::BIGINT[])) AS plain
FROM numbered
