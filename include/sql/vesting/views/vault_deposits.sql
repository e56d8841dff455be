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
        WHEN trueup.is_valid_input(said.metadata, 'jsonb') THEN said.metadata::JSONB
    END AS readable
    FROM (VALUES (operation.operation_metadata::TEXT)) AS said (metadata)
    -- Read once: merged into the query around it, it would be read for every mention.
    OFFSET 0 -- noqa: AM09
) AS metadata
LEFT JOIN vaults AS vault ON vault.code = 'AVENIR'
LEFT JOIN (
    -- For all deposits at once: one by one takes several times as long. Of several debits one is
    -- shown; such a deposit is quarantined.
    SELECT
        entry.operation_id,
        min(account.user_id::TEXT)::UUID AS user_id,
        min(entry.amount) AS amount,
        min(entry.currency) AS currency,
        count(*) AS debits
    FROM operations AS deposit
    INNER JOIN ledger_entries AS entry ON entry.operation_id = deposit.id
    INNER JOIN accounts AS account ON account.id = entry.account_id
    WHERE
        deposit.type = 'VAULT_DEPOSIT'
        AND entry.entry_type = 'DEBIT'
        AND account.account_type = 'WALLET_AVAILABLE'
    GROUP BY entry.operation_id
) AS debit ON debit.operation_id = operation.id
WHERE
    operation.type = 'VAULT_DEPOSIT'
    AND CASE
        WHEN metadata.readable IS NULL THEN operation.operation_metadata::TEXT LIKE '%AVENIR%'
        ELSE metadata.readable ->> 'vault_code' = 'AVENIR'
    END;
