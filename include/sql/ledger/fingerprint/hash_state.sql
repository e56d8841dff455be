-- Fingerprints accounts, entries and outbox as of the run's start, whatever their physical order.
-- Rows of other sessions since then are left out and their effects on balances subtracted. Sums of
-- two 64-bit words of a SHA-256 per row: no pair of changes cancels out as it would under XOR.
WITH later AS (
    SELECT account_id, sum(debit) AS debit
    FROM (
        SELECT debit_account_id AS account_id, amount AS debit
        FROM ledger_entries
        WHERE id > %(high_water_entry_id)s AND run_id IS DISTINCT FROM %(run_id)s
        UNION ALL
        SELECT credit_account_id, -amount
        FROM ledger_entries
        WHERE id > %(high_water_entry_id)s AND run_id IS DISTINCT FROM %(run_id)s
    ) AS legs
    GROUP BY account_id
), digests AS (
    SELECT
        'accounts' AS part,
        sha256(convert_to(ROW(
            account.id, account.currency_code, account.normal_side, account.allow_overdraft,
            trim_scale(account.balance - foreign_effect.amount),
            trim_scale(account.available_balance - foreign_effect.amount),
            trim_scale(account.reserved_balance)
        )::TEXT, 'UTF8')) AS digest
    FROM bank_accounts AS account
    LEFT JOIN later ON later.account_id = account.id
    CROSS JOIN LATERAL (
        SELECT CASE account.normal_side WHEN 'debit' THEN 1 ELSE -1 END
            * coalesce(later.debit, 0) AS amount
    ) AS foreign_effect
    WHERE
        account.id IN (
            SELECT account_id FROM trueup.baseline_accounts WHERE run_id = %(run_id)s
        )
        OR account.id IN (
            SELECT name FROM trueup.created_objects
            WHERE run_id = %(run_id)s AND kind = 'account'
        )
    UNION ALL
    SELECT
        'entries',
        sha256(convert_to(ROW(
            ledger_id, reference_id, debit_account_id, credit_account_id, trim_scale(amount),
            currency_code, asset_type, transaction_type, extract(EPOCH FROM timestamp_utc),
            trim_scale(fx_rate), metadata
        )::TEXT, 'UTF8'))
    FROM ledger_entries
    WHERE id <= %(high_water_entry_id)s OR run_id = %(run_id)s
    UNION ALL
    SELECT
        'outbox',
        sha256(convert_to(ROW(entry.ledger_id, outbox.reference_id)::TEXT, 'UTF8'))
    FROM dual_ledger_outbox AS outbox
    INNER JOIN ledger_entries AS entry ON entry.id = outbox.entry_id
    WHERE entry.id <= %(high_water_entry_id)s OR entry.run_id = %(run_id)s
), sums AS (
    SELECT
        part,
        count(*) AS rows,
        sum(('x' || encode(substring(digest FROM 1 FOR 8), 'hex'))::BIT(64)::BIGINT::NUMERIC)
            AS first_words,
        sum(('x' || encode(substring(digest FROM 9 FOR 8), 'hex'))::BIT(64)::BIGINT::NUMERIC)
            AS second_words
    FROM digests
    GROUP BY part
)
SELECT encode(sha256(convert_to(coalesce(string_agg(
    concat_ws(' ', part, rows, first_words, second_words), E'\n' ORDER BY part
), 'empty'), 'UTF8')), 'hex') AS state_hash
FROM sums
