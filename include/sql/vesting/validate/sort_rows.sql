-- Sorts staged deposits into lots and quarantine by what each says of itself. The day of a deposit
-- is its date in UTC, and the lot is released 365 days later, leap year or not.
WITH judged AS MATERIALIZED (
    SELECT
        staged.*,
        coalesce(staged.currency_code, staged.entry_currency) AS currency,
        (staged.deposited_at AT TIME ZONE 'UTC')::DATE AS deposit_day,
        CASE
            WHEN staged.reason_code IS NOT NULL THEN staged.reason_code
            WHEN staged.vault_id IS NULL THEN 'unknown_vault'
            WHEN staged.debits = 0 THEN 'missing_entry'
            WHEN staged.debits > 1 THEN 'ambiguous_entry'
            WHEN staged.user_id IS NULL THEN 'unknown_user'
            WHEN staged.amount <= 0 THEN 'invalid_amount'
            WHEN staged.currency_code <> staged.entry_currency THEN 'currency_mismatch'
            -- Two decimals are all that a lot has, whatever the currency has.
            WHEN
                min_scale(staged.amount) > least(coalesce(currency.minor_unit, 2), 2)
                THEN 'excess_precision'
        END AS verdict
    FROM trueup.staged_entries AS staged
    LEFT JOIN trueup.currencies AS currency
        ON currency.code = coalesce(staged.currency_code, staged.entry_currency)
    WHERE staged.run_id = %(run_id)s AND staged.position > %(after_position)s
), standing AS MATERIALIZED (
    -- Verdicts that posting began on outlive a crash; what posting itself quarantined is prepared.
    SELECT position FROM trueup.quarantine WHERE run_id = %(run_id)s AND stage <> 'post'
), prepared AS (
    INSERT INTO trueup.prepared_entries (
        run_id, position, vault_id, vault_code, user_id, currency, deposit_day, release_day,
        amount, source_operation_id
    )
    SELECT
        %(run_id)s, position, vault_id, 'AVENIR', user_id, currency, deposit_day,
        deposit_day + 365, amount, operation_id
    FROM judged
    WHERE verdict IS NULL AND position NOT IN (SELECT position FROM standing)
)
INSERT INTO trueup.quarantine (run_id, position, stage, reason_code, reason, raw, fields)
SELECT
    %(run_id)s,
    judged.position,
    'validate',
    judged.verdict,
    format('Operation %%s: ', judged.operation_id) || CASE judged.verdict
        WHEN 'unknown_vault' THEN 'there is no vault AVENIR.'
        WHEN 'missing_entry'
            THEN 'user not found, for it has no ledger entry that debits an available wallet.'
        WHEN 'ambiguous_entry' THEN format(
            '%%s ledger entries debit an available wallet; which one is the deposit?', judged.debits
        )
        WHEN 'unknown_user' THEN 'user not found, for the debited wallet belongs to nobody.'
        WHEN 'invalid_amount' THEN format(
            'the amount is not above zero: %%s.', trim_scale(judged.amount)
        )
        WHEN 'currency_mismatch' THEN format(
            'it says %%s, and its ledger entry %%s.', judged.currency_code, judged.entry_currency
        )
        WHEN 'excess_precision' THEN format(
            'a lot cannot hold %%s %%s; nothing is rounded.',
            trim_scale(judged.amount), judged.currency
        )
        ELSE lower(left(judged.reason, 1)) || substr(judged.reason, 2)
    END,
    judged.raw,
    vesting_fields(judged.operation_id, judged.user_id, judged.amount, judged.currency,
        judged.deposited_at)
FROM judged
WHERE
    judged.verdict IS NOT NULL
    AND judged.position NOT IN (SELECT position FROM standing)
