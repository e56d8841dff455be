-- Stages the completed deposits that were asked for, in the order in which they were made. One that
-- names no currency is in its entry's, and one that has neither is staged whatever was asked for.
INSERT INTO trueup.staged_entries (
    run_id, position, reason_code, reason, raw, operation_id, status, user_id, vault_id,
    currency_code, entry_currency, amount, debits, deposited_at
)
SELECT
    %(run_id)s,
    %(last_position)s + row_number() OVER (ORDER BY asked.deposited_at, asked.operation_id),
    CASE WHEN NOT asked.is_readable THEN 'invalid_metadata' END,
    CASE WHEN NOT asked.is_readable THEN 'The metadata is not JSON that can be read.' END,
    row_to_json(asked)::TEXT,
    asked.operation_id,
    asked.status,
    asked.user_id,
    asked.vault_id,
    asked.currency_code,
    asked.entry_currency,
    asked.amount,
    asked.debits,
    asked.deposited_at
FROM (
    SELECT *
    FROM vault_deposits
    WHERE
        status = 'COMPLETED'
        AND (
            %(currency)s::TEXT IS NULL
            OR %(currency)s IN (currency_code, entry_currency)
            OR num_nonnulls(currency_code, entry_currency) = 0
        )
        AND (%(user_id)s::UUID IS NULL OR user_id = %(user_id)s)
    ORDER BY deposited_at, operation_id
    LIMIT %(rows)s
) AS asked
