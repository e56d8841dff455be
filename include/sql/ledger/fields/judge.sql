-- Judges what an older table of entries would be filled with, before anything is changed: which
-- rows would lack a currency or a time, disagree with their accounts, or share a reference.
WITH told AS (
    SELECT
        entry.id,
        coalesce(fields.entry ->> 'ledger_id', %(ledger_id)s) AS ledger_id,
        coalesce(fields.entry ->> 'reference_id', %(prefix)s || entry.id) AS reference_id,
        coalesce(fields.entry ->> 'timestamp_utc', fields.entry ->> %(time_column)s) AS moment,
        coalesce(fields.entry ->> 'currency_code', debited.currency_code) AS currency_code,
        debited.currency_code AS debited_currency,
        credited.currency_code AS credited_currency
    FROM ledger_entries AS entry
    CROSS JOIN LATERAL (SELECT to_jsonb(entry.*) AS entry) AS fields
    LEFT JOIN bank_accounts AS debited ON debited.id = entry.debit_account_id
    LEFT JOIN bank_accounts AS credited ON credited.id = entry.credit_account_id
), findings AS (
    SELECT id, 'are of an account that bank_accounts does not have' AS finding
    FROM told
    WHERE debited_currency IS NULL OR credited_currency IS NULL
    UNION ALL
    SELECT id, 'are of accounts in another currency than the entry'
    FROM told
    WHERE debited_currency <> currency_code OR credited_currency <> currency_code
    UNION ALL
    SELECT id, 'have no time, neither as timestamp_utc nor in the time_column'
    FROM told
    WHERE moment IS NULL
    UNION ALL
    SELECT id, 'would share their reference with another row'
    FROM (
        SELECT id, count(*) OVER (PARTITION BY ledger_id, reference_id) AS sharing FROM told
    ) AS counted
    WHERE sharing > 1
)
SELECT finding, count(*) AS rows, min(id) AS first_id
FROM findings
GROUP BY finding
ORDER BY finding
