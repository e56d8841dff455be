-- Stages once more the deposits that an earlier run left in quarantine, as they stand today.
INSERT INTO trueup.staged_entries (
    run_id, position, reason_code, reason, raw, operation_id, status, user_id, vault_id,
    currency_code, entry_currency, amount, debits, deposited_at
)
SELECT
    %(run_id)s,
    quarantined.position,
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
FROM trueup.quarantine AS quarantined
INNER JOIN vault_deposits AS asked
    ON asked.operation_id = (quarantined.fields ->> 'operationId')::UUID
WHERE quarantined.run_id = %(source)s AND asked.status = 'COMPLETED'
