-- Quarantines entries whose accounts nobody knows, or that are kept in another currency. The
-- accounts of plain rows are known: ingest has looked.
WITH known AS (
    SELECT id AS account_id, currency_code FROM bank_accounts
    UNION
    SELECT account_id, currency_code FROM trueup.staged_accounts WHERE run_id = %(run_id)s
), judged AS (
    SELECT
        entry.position,
        entry.reference_id,
        entry.currency_code,
        CASE WHEN debit.account_id IS NULL THEN entry.debit_account_id END AS unknown_debit,
        CASE WHEN credit.account_id IS NULL THEN entry.credit_account_id END AS unknown_credit,
        format('%%s is kept in %%s', debit.account_id, debit.currency_code) AS debit_kept,
        format('%%s is kept in %%s', credit.account_id, credit.currency_code) AS credit_kept
    FROM trueup.prepared_entries AS entry
    LEFT JOIN known AS debit ON debit.account_id = entry.debit_account_id
    LEFT JOIN known AS credit ON credit.account_id = entry.credit_account_id
    WHERE
        entry.run_id = %(run_id)s
        AND NOT entry.plain
        AND (
            debit.currency_code IS DISTINCT FROM entry.currency_code
            OR credit.currency_code IS DISTINCT FROM entry.currency_code
        )
), removed AS (
    DELETE FROM trueup.prepared_entries AS entry USING judged
    WHERE entry.run_id = %(run_id)s AND entry.position = judged.position
)
INSERT INTO trueup.quarantine (run_id, position, stage, reason_code, reason, raw, fields)
SELECT
    %(run_id)s,
    judged.position,
    'validate',
    CASE
        WHEN num_nonnulls(judged.unknown_debit, judged.unknown_credit) > 0 THEN 'unknown_account'
        ELSE 'currency_mismatch'
    END,
    CASE
        WHEN num_nonnulls(judged.unknown_debit, judged.unknown_credit) > 0
            THEN format(
                'Not in the ledger and not among the accounts to create: %%s.',
                concat_ws(', ', judged.unknown_debit, judged.unknown_credit)
            )
        ELSE format(
            'The entry is in %%s, but %%s and %%s.',
            judged.currency_code, judged.debit_kept, judged.credit_kept
        )
    END,
    staged.raw,
    trueup.staged_fields(staged, judged.reference_id)
FROM judged
INNER JOIN trueup.staged_entries AS staged
    ON staged.run_id = %(run_id)s AND staged.position = judged.position
