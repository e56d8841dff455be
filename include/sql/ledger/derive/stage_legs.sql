-- Stages the legs of an old table that has two rows an entry, paired by the transaction that they
-- share. One leg on one side and several on the other are as many entries. What does not balance,
-- or cannot be paired, is staged leg by leg with its reason: a transaction is never torn apart.
WITH legs AS (
    SELECT
        transaction_id,
        fields,
        lower(btrim(fields ->> 'side')) AS side,
        CASE
            WHEN fields ->> 'amount' ~ '^[0-9]{{1,30}}(\.[0-9]{{1,30}})?$'
                THEN (fields ->> 'amount')::NUMERIC
        END AS amount
    FROM (
        SELECT to_jsonb(source.*) AS fields, source.{key}::TEXT AS transaction_id
        FROM {source} AS source
    ) AS read
), transactions AS (
    SELECT
        transaction_id,
        count(*) FILTER (WHERE side = 'debit') AS debits,
        count(*) FILTER (WHERE side = 'credit') AS credits,
        count(*) AS legs,
        count(amount) AS amounts,
        count(DISTINCT coalesce(fields ->> 'currency_code', '')) AS currencies,
        sum(amount) FILTER (WHERE side = 'debit') AS debit,
        sum(amount) FILTER (WHERE side = 'credit') AS credit
    FROM legs
    GROUP BY transaction_id
), judged AS (
    SELECT
        transactions.*,
        CASE
            WHEN transaction_id IS NULL OR debits = 0 OR credits = 0 THEN 'one_legged_group'
            WHEN
                debits + credits < legs OR amounts < legs OR currencies > 1 OR debit <> credit
                THEN 'unbalanced_group'
            WHEN least(debits, credits) > 1 THEN 'ambiguous_group'
        END AS reason_code
    FROM transactions
), entries AS (
    SELECT
        judged.transaction_id,
        jsonb_build_array(one.fields, other.fields) AS raw,
        NULL AS reason_code,
        NULL AS reason,
        other.fields,
        CASE other.side WHEN 'debit' THEN other.fields ELSE one.fields END
        ->> 'account_id' AS debit_account_id,
        CASE other.side WHEN 'debit' THEN one.fields ELSE other.fields END
        ->> 'account_id' AS credit_account_id,
        coalesce(
            nullif(btrim(other.fields ->> 'reference_id'), ''),
            %(prefix)s || %(source)s || '-' || judged.transaction_id
        ) || CASE
            WHEN judged.legs = 2 THEN ''
            ELSE '-' || row_number() OVER (
                PARTITION BY judged.transaction_id ORDER BY other.fields::TEXT
            )
        END AS reference_id
    FROM judged
    -- The side with one leg, and each leg of the other one; of two legs, the credit is the one.
    INNER JOIN legs AS one
        ON
            one.transaction_id = judged.transaction_id
            AND one.side = CASE WHEN judged.credits = 1 THEN 'credit' ELSE 'debit' END
    INNER JOIN legs AS other
        ON other.transaction_id = judged.transaction_id AND other.side <> one.side
    WHERE judged.reason_code IS NULL
    UNION ALL
    SELECT
        judged.transaction_id,
        legs.fields AS raw,
        judged.reason_code,
        format(
            'Transaction %%s has %%s debits of %%s and %%s credits of %%s in %%s legs.',
            coalesce(judged.transaction_id, '(none)'), judged.debits, coalesce(judged.debit, 0),
            judged.credits, coalesce(judged.credit, 0), judged.legs
        ),
        legs.fields,
        CASE legs.side WHEN 'debit' THEN legs.fields ->> 'account_id' END,
        CASE legs.side WHEN 'credit' THEN legs.fields ->> 'account_id' END,
        NULL
    FROM judged
    INNER JOIN legs ON legs.transaction_id IS NOT DISTINCT FROM judged.transaction_id
    WHERE judged.reason_code IS NOT NULL
), numbered AS (
    SELECT entries.*, row_number() OVER (ORDER BY transaction_id, raw::TEXT) AS number
    FROM entries
    WHERE NOT EXISTS (
        SELECT 1 FROM trueup.staged_entries AS staged
        WHERE staged.run_id = %(run_id)s AND staged.raw = entries.raw::TEXT
    )
)
INSERT INTO trueup.staged_entries (
    run_id, position, reason_code, reason, raw, ledger_id, debit_account_id, credit_account_id,
    amount, currency_code, asset_type, transaction_type, reference_id, timestamp_utc, fx_rate,
    metadata
)
SELECT
    %(run_id)s,
    %(last_position)s + number,
    reason_code,
    reason,
    raw::TEXT,
    nullif(btrim(fields ->> 'ledger_id'), ''),
    nullif(btrim(debit_account_id), ''),
    nullif(btrim(credit_account_id), ''),
    nullif(btrim(fields ->> 'amount'), ''),
    nullif(btrim(fields ->> 'currency_code'), ''),
    nullif(btrim(fields ->> 'asset_type'), ''),
    coalesce(nullif(btrim(fields ->> 'transaction_type'), ''), 'TRANSFER'),
    reference_id,
    nullif(btrim(fields ->> 'timestamp_utc'), ''),
    nullif(btrim(fields ->> 'fx_rate'), ''),
    fields ->> 'metadata'
FROM numbered
