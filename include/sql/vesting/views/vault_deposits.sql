-- Shows every deposit into the vault AVENIR, with what its ledger entry says of user and amount.
-- Metadata that cannot be read but name the vault are shown too: nobody else would.
CREATE OR REPLACE VIEW vault_deposits AS
SELECT
    operation.id AS operation_id,
    operation.status,
    operation.created_at AS deposited_at,
    (operation.created_at AT TIME ZONE 'UTC')::DATE AS deposit_day,
    'AVENIR' AS vault_code,
    vault.id AS vault_id,
    metadata.readable IS NOT NULL AS is_readable,
    upper(nullif(btrim(metadata.readable ->> 'currency'), '')) AS currency_code,
    debit.currency AS entry_currency,
    debit.user_id,
    -- A debit is negative: what left the wallet is its opposite.
    -debit.amount AS amount,
    coalesce(debit.debits, 0) AS debits,
    operation.operation_metadata::TEXT AS metadata
FROM operations AS operation
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN trueup.is_valid_input(operation.operation_metadata::TEXT, 'jsonb')
            THEN operation.operation_metadata::TEXT::JSONB
    END AS readable
) AS metadata
LEFT JOIN vaults AS vault ON vault.code = 'AVENIR'
LEFT JOIN LATERAL (
    SELECT
        (array_agg(account.user_id ORDER BY entry.id))[1] AS user_id,
        (array_agg(entry.amount ORDER BY entry.id))[1] AS amount,
        (array_agg(entry.currency ORDER BY entry.id))[1] AS currency,
        count(*) AS debits
    FROM ledger_entries AS entry
    INNER JOIN accounts AS account ON account.id = entry.account_id
    WHERE
        entry.operation_id = operation.id
        AND entry.entry_type = 'DEBIT'
        AND account.account_type = 'WALLET_AVAILABLE'
) AS debit ON TRUE
WHERE
    operation.type = 'VAULT_DEPOSIT'
    AND CASE
        WHEN metadata.readable IS NULL THEN operation.operation_metadata::TEXT LIKE '%AVENIR%'
        ELSE metadata.readable ->> 'vault_code' = 'AVENIR'
    END;
