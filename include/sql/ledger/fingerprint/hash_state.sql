-- Fingerprints accounts, entries and outbox as of the run's start, whatever their physical order.
-- Rows of other sessions since then are left out and their effects on balances subtracted. Sums of
-- two 64-bit words of a SHA-256 per row: no pair of changes cancels out as it would under XOR.
-- A row's text begins with the lengths of its free texts, so that no two rows run together. The
-- clock in the subqueries is read for nobody: a volatile function keeps the planner from writing
-- the SHA-256 twice, once for each word, and lets workers share the rows all the same.
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
), accounts AS (
    SELECT
        count(*) AS rows,
        sum(('x' || left(digest, 16))::BIT(64)::BIGINT) AS first_words,
        sum(('x' || right(digest, 16))::BIT(64)::BIGINT) AS second_words
    FROM (
        SELECT
            left(encode(sha256(convert_to(concat_ws(
                '|', length(account.id), account.id, account.currency_code, account.normal_side,
                account.allow_overdraft,
                trim_scale(account.balance - foreign_effect.amount),
                trim_scale(account.available_balance - foreign_effect.amount),
                trim_scale(account.reserved_balance)
            ), 'UTF8')), 'hex'), 32) AS digest,
            clock_timestamp() AS barrier
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
    ) AS digests
), entries AS (
    SELECT
        count(*) AS rows,
        count(queued) AS queued,
        sum(('x' || left(digest, 16))::BIT(64)::BIGINT) AS first_words,
        sum(('x' || right(digest, 16))::BIT(64)::BIGINT) AS second_words
    FROM (
        SELECT
            left(encode(sha256(convert_to(concat_ws(
                '|',
                length(entry.ledger_id), length(entry.reference_id),
                length(entry.debit_account_id), length(entry.credit_account_id),
                length(entry.transaction_type), coalesce(length(outbox.reference_id), -1),
                trim_scale(entry.amount), coalesce(trim_scale(entry.fx_rate), -1),
                extract(EPOCH FROM entry.timestamp_utc),
                entry.ledger_id, entry.reference_id, entry.debit_account_id,
                entry.credit_account_id, entry.transaction_type, outbox.reference_id,
                entry.currency_code, entry.asset_type, entry.metadata
            ), 'UTF8')), 'hex'), 32) AS digest,
            outbox.entry_id AS queued,
            clock_timestamp() AS barrier
        FROM ledger_entries AS entry
        LEFT JOIN dual_ledger_outbox AS outbox ON outbox.entry_id = entry.id
        WHERE entry.id <= %(high_water_entry_id)s OR entry.run_id = %(run_id)s
    ) AS digests
)
SELECT encode(sha256(convert_to(concat_ws(
    ' ', 'accounts', accounts.rows, accounts.first_words, accounts.second_words,
    'entries', entries.rows, entries.queued, entries.first_words, entries.second_words
), 'UTF8')), 'hex') AS state_hash
FROM accounts, entries
