-- Reads a block and tells which rows are plain: such that validate/sort_rows.sql, which judges all
-- others, could only find them good. A rule here may be stricter than there, never laxer.
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
    coalesce(
        -- The accounts' names are looked up later, among those that are names.
        is_name(ledger_id, $quote)
        AND is_name(transaction_type, $quote)
        AND is_name(reference_id, $quote)
        -- A reference that we may have made ourselves can meet one that is made for another row.
        AND NOT starts_with(reference_id, $prefix)
        AND debit_account_id <> credit_account_id
        AND regexp_full_match(amount, '[0-9]{1,18}(\.[0-9]{1,8})?')
        AND try_cast(amount AS DECIMAL(26, 8)) > 0
        AND length(amount) - strpos(amount || '.', '.') <= currencies.minor_unit
        AND asset_type IN ('fiat', 'cbdc', 'commodity', 'security')
        AND regexp_full_match(
            timestamp_utc,
            '[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?'
            || '(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])?'
        )
        AND try_cast(timestamp_utc AS TIMESTAMPTZ) IS NOT NULL
        AND (
            fx_rate IS NULL
            OR (
                regexp_full_match(fx_rate, '[0-9]{1,18}(\.[0-9]{1,18})?')
                AND NOT regexp_full_match(fx_rate, '[0.]+')
            )
        )
        AND (
            metadata IS NULL
            OR (
                starts_with(metadata, '{')
                AND length(metadata) <= 1000
                AND NOT contains(metadata, '\')
                -- Read otherwise, JSON's own quotes would leave no JSON; another quote might.
                AND ($quote = '"' OR NOT contains(metadata, $quote))
                AND json_valid(metadata)
                -- DuckDB's JSON has more than JSON: commas before a bracket, words for numbers.
                -- And tabs and line ends would have to be escaped for COPY.
                AND NOT regexp_matches(
                    metadata,
                    ',\s*[}\]]|[:,\[]\s*[+-]?(?i:nan|inf)|[0-9][eE][+-]?[0-9]{3}|[\x00-\x1f]'
                )
            )
        ), FALSE
    ) AS plain
FROM numbered
LEFT JOIN currencies ON currencies.code = numbered.currency_code
