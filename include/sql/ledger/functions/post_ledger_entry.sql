-- Posts one entry: the entry, both balances and its outbox row together, or nothing.
-- Lock order of every poster: accounts shared, by id; the entry's key; accounts to be moved, by id.
CREATE OR REPLACE FUNCTION post_ledger_entry(
    p_ledger_id TEXT,
    p_debit_account_id TEXT,
    p_credit_account_id TEXT,
    p_amount NUMERIC,
    p_currency_code TEXT,
    p_asset_type TEXT,
    p_transaction_type TEXT,
    p_reference_id TEXT,
    p_fx_rate NUMERIC DEFAULT NULL,
    p_metadata JSONB DEFAULT NULL,
    p_timestamp_utc TIMESTAMPTZ DEFAULT NULL
) RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
    v_entry_id BIGINT;
    v_found INTEGER;
    v_account RECORD;
    v_currency RECORD;
    v_fault TEXT;
BEGIN
    SELECT code, minor_unit, withdrawn_on INTO v_currency
    FROM trueup.currencies WHERE code = p_currency_code;

    -- The rules by which a backfill quarantines, in its order and under its reason codes.
    v_fault := CASE
        WHEN
            num_nulls(
                p_ledger_id, p_debit_account_id, p_credit_account_id, p_amount,
                p_transaction_type, p_reference_id
            ) > 0
            THEN 'missing_field: ledger, accounts, amount, type and reference must be given'
        WHEN
            greatest(
                length(p_ledger_id), length(p_debit_account_id), length(p_credit_account_id),
                length(p_transaction_type), length(p_reference_id)
            ) > 255
            THEN 'field_too_long: a name or reference has more than 255 characters'
        WHEN p_amount <= 0 OR p_amount IN ('NaN', 'Infinity')
            THEN format('invalid_amount: %s is not an amount above zero', p_amount)
        WHEN NOT isfinite(p_timestamp_utc)
            THEN format('invalid_timestamp: %s is no time', p_timestamp_utc)
        WHEN v_currency.code IS NULL
            THEN format('unknown_currency: %s is not an ISO 4217 currency', p_currency_code)
        WHEN
            v_currency.withdrawn_on
            < (coalesce(p_timestamp_utc, now()) AT TIME ZONE 'UTC')::DATE
            THEN format(
                'unknown_currency: %s was withdrawn on %s, before this entry',
                p_currency_code, v_currency.withdrawn_on
            )
        WHEN min_scale(p_amount) > coalesce(v_currency.minor_unit, 8)
            THEN format(
                'excess_precision: %s has more decimals than %s has (%s)',
                p_amount, p_currency_code, coalesce(v_currency.minor_unit, 8)
            )
        WHEN p_debit_account_id = p_credit_account_id
            THEN format('same_account: debit and credit are both %s', p_debit_account_id)
        WHEN p_asset_type NOT IN ('fiat', 'cbdc', 'commodity', 'security')
            THEN format('invalid_asset_type: %s is no type of asset', p_asset_type)
        WHEN p_fx_rate <= 0 OR p_fx_rate IN ('NaN', 'Infinity')
            THEN format('invalid_fx_rate: %s is not a rate above zero', p_fx_rate)
        WHEN jsonb_typeof(p_metadata) <> 'object'
            THEN 'invalid_metadata: the metadata is not a JSON object'
    END;
    IF v_fault IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = v_fault, ERRCODE = 'check_violation';
    END IF;

    PERFORM 1 FROM bank_accounts
    WHERE id IN (p_debit_account_id, p_credit_account_id)
    ORDER BY id FOR KEY SHARE;

    INSERT INTO ledger_entries (
        ledger_id, debit_account_id, credit_account_id, amount, currency_code, asset_type,
        transaction_type, reference_id, timestamp_utc, fx_rate, metadata, content_hash
    ) VALUES (
        p_ledger_id, p_debit_account_id, p_credit_account_id, p_amount, p_currency_code,
        p_asset_type, p_transaction_type, p_reference_id, coalesce(p_timestamp_utc, now()),
        p_fx_rate, p_metadata,
        ledger_entry_content(
            p_debit_account_id, p_credit_account_id, p_amount, p_currency_code, p_asset_type,
            p_transaction_type, p_timestamp_utc, p_fx_rate, p_metadata
        )
    ) RETURNING id INTO v_entry_id;

    IF coalesce(current_setting('trueup.outbox', TRUE), 'off') = 'on' THEN
        INSERT INTO dual_ledger_outbox (entry_id, reference_id)
        VALUES (v_entry_id, p_reference_id);
    END IF;

    PERFORM 1 FROM bank_accounts
    WHERE id IN (p_debit_account_id, p_credit_account_id) AND currency_code = p_currency_code
    ORDER BY id FOR NO KEY UPDATE;
    GET DIAGNOSTICS v_found = ROW_COUNT;
    IF v_found < 2 THEN
        RAISE EXCEPTION 'currency_mismatch: % and % are not both kept in %',
        p_debit_account_id, p_credit_account_id, p_currency_code
        USING ERRCODE = 'check_violation';
    END IF;

    FOR v_account IN
        UPDATE bank_accounts AS account SET
            balance = account.balance + leg.effect,
            available_balance = account.available_balance + leg.effect,
            updated_at = now()
        FROM (
            SELECT
                id,
                CASE
                    WHEN (id = p_debit_account_id) = (normal_side = 'debit') THEN p_amount
                    ELSE -p_amount
                END AS effect
            FROM bank_accounts
            WHERE id IN (p_debit_account_id, p_credit_account_id)
        ) AS leg
        WHERE account.id = leg.id
        RETURNING
            account.id, account.allow_overdraft, account.available_balance,
            account.backfill_run_id, leg.effect
    LOOP
        -- What a rollback is about to take back must not be spent meanwhile.
        IF v_account.effect < 0 AND NOT v_account.allow_overdraft AND EXISTS (
            SELECT 1 FROM trueup.runs
            WHERE run_id = v_account.backfill_run_id AND status = 'rolling_back'
        ) THEN
            RAISE EXCEPTION 'The entries of % are being taken back by a rollback; try again later',
            v_account.id
            USING ERRCODE = 'lock_not_available';
        END IF;
        -- A running backfill exempts its accounts from the constraint; a live posting is never exempt.
        IF v_account.effect < 0 AND v_account.available_balance < 0
            AND NOT v_account.allow_overdraft THEN
            RAISE EXCEPTION 'insufficient_funds: % would stand at %',
            v_account.id, v_account.available_balance
            USING ERRCODE = 'check_violation';
        END IF;
    END LOOP;

    RETURN v_entry_id;
END
$$;
