-- Sorts staged rows into prepared entries and quarantine by what each row says of itself. A rule
-- that is added here makes rows less plain: plain/judge_block.sql must know it.
WITH read AS (
    SELECT
        staged.position,
        staged.reason_code AS unreadable_code,
        staged.reason AS unreadable,
        coalesce(staged.ledger_id, %(ledger_id)s) AS ledger_id,
        staged.debit_account_id,
        staged.credit_account_id,
        staged.amount,
        upper(coalesce(staged.currency_code, 'USD')) AS currency_code,
        lower(coalesce(staged.asset_type, 'fiat')) AS asset_type,
        staged.transaction_type,
        staged.reference_id,
        staged.timestamp_utc,
        staged.fx_rate,
        staged.metadata,
        staged.timestamp_utc IS NULL
        OR trueup.read_timestamp(staged.timestamp_utc) IS NOT NULL AS timestamp_valid,
        -- Thousands of brackets exhaust the parser's stack: an error that no check could catch.
        staged.metadata IS NULL OR (
            left(staged.metadata, 1) = '{'
            AND length(staged.metadata) - length(translate(staged.metadata, '[{', '')) <= 2000
            AND trueup.is_valid_input(staged.metadata, 'jsonb')
        ) AS metadata_valid
    FROM trueup.staged_entries AS staged
    WHERE staged.run_id = %(run_id)s AND staged.position > %(after_position)s
), judged AS MATERIALIZED (
    SELECT
        read.*,
        currency.minor_unit,
        currency.withdrawn_on,
        CASE
            WHEN read.unreadable_code IS NOT NULL THEN read.unreadable_code
            WHEN
                num_nulls(
                    read.debit_account_id, read.credit_account_id, read.amount,
                    read.transaction_type
                ) > 0
                THEN 'missing_field'
            WHEN
                greatest(
                    length(read.ledger_id), length(read.debit_account_id),
                    length(read.credit_account_id), length(read.transaction_type),
                    length(read.reference_id)
                ) > 255
                THEN 'field_too_long'
            WHEN
                read.amount !~ '^[0-9]{1,30}(\.[0-9]{1,30})?$' OR read.amount ~ '^[0.]+$'
                THEN 'invalid_amount'
            WHEN NOT read.timestamp_valid THEN 'invalid_timestamp'
            WHEN
                currency.code IS NULL
                OR currency.withdrawn_on < coalesce(
                    CASE WHEN read.timestamp_valid THEN read.timestamp_utc::TIMESTAMPTZ END,
                    %(started_at)s
                )::DATE
                THEN 'unknown_currency'
            -- ISO 4217 gives no minor unit to metals and units of account: eight decimals there.
            WHEN
                min_scale(read.amount::NUMERIC) > coalesce(currency.minor_unit, 8)
                THEN 'excess_precision'
            WHEN read.debit_account_id = read.credit_account_id THEN 'same_account'
            WHEN
                read.asset_type NOT IN ('fiat', 'cbdc', 'commodity', 'security')
                THEN 'invalid_asset_type'
            WHEN
                read.fx_rate !~ '^[0-9]{1,20}(\.[0-9]{1,20})?$' OR read.fx_rate ~ '^[0.]+$'
                THEN 'invalid_fx_rate'
            WHEN NOT read.metadata_valid THEN 'invalid_metadata'
        END AS reason_code
    FROM read
    LEFT JOIN trueup.currencies AS currency ON currency.code = read.currency_code
), standing AS MATERIALIZED (
    -- Verdicts that posting began on outlive a crash; what posting itself quarantined is prepared.
    SELECT position FROM trueup.quarantine WHERE run_id = %(run_id)s AND stage <> 'post'
), typed AS (
    SELECT
        position,
        ledger_id,
        debit_account_id,
        credit_account_id,
        amount::NUMERIC AS amount,
        currency_code,
        asset_type,
        transaction_type,
        reference_id,
        timestamp_utc::TIMESTAMPTZ AS timestamp_utc,
        fx_rate::NUMERIC AS fx_rate,
        metadata::JSONB AS metadata,
        ledger_entry_content(
            debit_account_id, credit_account_id, amount::NUMERIC, currency_code, asset_type,
            transaction_type, timestamp_utc::TIMESTAMPTZ, fx_rate::NUMERIC, metadata::JSONB
        ) AS content_hash
    FROM judged
    WHERE reason_code IS NULL
), referenced AS (
    SELECT typed.*, FALSE AS reference_generated FROM typed WHERE reference_id IS NOT NULL
    UNION ALL
    -- Two equal rows without a reference are two entries: the occurrence tells them apart.
    SELECT
        position, ledger_id, debit_account_id, credit_account_id, amount, currency_code,
        asset_type, transaction_type,
        trueup.generated_reference(
            %(prefix)s, %(source_id)s, ledger_id || ' ' || content_hash,
            row_number() OVER (PARTITION BY ledger_id, content_hash ORDER BY position)
        ),
        timestamp_utc, fx_rate, metadata, content_hash, TRUE
    FROM typed
    WHERE reference_id IS NULL
), prepared AS (
    INSERT INTO trueup.prepared_entries (
        run_id, position, ledger_id, debit_account_id, credit_account_id, amount, currency_code,
        asset_type, transaction_type, reference_id, reference_generated, timestamp_utc, fx_rate,
        metadata, content_hash, plain
    )
    SELECT
        %(run_id)s, position, ledger_id, debit_account_id, credit_account_id, amount,
        currency_code, asset_type, transaction_type, reference_id, reference_generated,
        coalesce(timestamp_utc, %(started_at)s), fx_rate, metadata,
        -- Without a timestamp of its own, the entry could not tell what the source said.
        CASE WHEN timestamp_utc IS NULL THEN content_hash END, FALSE
    FROM referenced
    WHERE position NOT IN (SELECT position FROM standing)
)
INSERT INTO trueup.quarantine (run_id, position, stage, reason_code, reason, raw, fields)
SELECT
    %(run_id)s,
    judged.position,
    CASE WHEN judged.unreadable_code IS NULL THEN 'validate' ELSE 'ingest' END,
    judged.reason_code,
    CASE judged.reason_code
        WHEN 'missing_field' THEN 'Empty: ' || concat_ws(
            ', ',
            CASE WHEN judged.debit_account_id IS NULL THEN 'debitAccountId' END,
            CASE WHEN judged.credit_account_id IS NULL THEN 'creditAccountId' END,
            CASE WHEN judged.amount IS NULL THEN 'amount' END,
            CASE WHEN judged.transaction_type IS NULL THEN 'transactionType' END
        ) || '.'
        WHEN 'field_too_long' THEN 'A name or reference has more than 255 characters.'
        WHEN 'invalid_amount' THEN format(
            '"%%s" is not a plain decimal number above zero, such as 1234.56.',
            left(judged.amount, 60)
        )
        WHEN 'invalid_timestamp' THEN format(
            '"%%s" is not an ISO 8601 time that exists, such as 2017-12-05T00:32:34Z.',
            left(judged.timestamp_utc, 60)
        )
        WHEN 'unknown_currency' THEN format(
            CASE
                WHEN judged.withdrawn_on IS NULL THEN '"%%s" is not an ISO 4217 currency.'
                ELSE '"%%s" was withdrawn on %%s, before this entry.'
            END, left(judged.currency_code, 60), judged.withdrawn_on
        )
        WHEN 'excess_precision' THEN format(
            '%%s has more decimals than %%s has (%%s); nothing is rounded.',
            judged.amount, judged.currency_code, coalesce(judged.minor_unit, 8)
        )
        WHEN 'same_account' THEN format('Debit and credit are both %%s.', judged.debit_account_id)
        WHEN 'invalid_asset_type' THEN format(
            '"%%s" is none of fiat, cbdc, commodity, security.', left(judged.asset_type, 60)
        )
        WHEN 'invalid_fx_rate' THEN format(
            '"%%s" is not a plain decimal rate above zero.', left(judged.fx_rate, 60)
        )
        WHEN 'invalid_metadata' THEN 'The metadata is not a JSON object that can be stored.'
        ELSE judged.unreadable
    END,
    staged.raw,
    trueup.staged_fields(
        staged,
        coalesce(staged.reference_id, trueup.generated_reference(
            %(prefix)s, %(source_id)s, 'unposted ' || staged.raw,
            row_number() OVER (PARTITION BY staged.raw ORDER BY staged.position)
        ))
    )
FROM judged
INNER JOIN trueup.staged_entries AS staged
    ON staged.run_id = %(run_id)s AND staged.position = judged.position
WHERE
    judged.reason_code IS NOT NULL
    AND judged.position NOT IN (SELECT position FROM standing)
