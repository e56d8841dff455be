-- Tells whether a row offered says the same as the entry that stands under its key: in all columns,
-- or, where a kept content hash says that a timestamp was filled in, in what the source said. An
-- entry that comes back from where it was delivered says the timestamp that was filled in here.
CREATE OR REPLACE FUNCTION trueup.same_content(
    p_entry LEDGER_ENTRIES, p_offered TRUEUP.PREPARED_ENTRIES
) RETURNS BOOLEAN LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT
        (
            p_entry.debit_account_id, p_entry.credit_account_id, p_entry.amount,
            p_entry.currency_code, p_entry.asset_type, p_entry.transaction_type,
            p_entry.timestamp_utc, p_entry.fx_rate, p_entry.metadata::TEXT
        ) IS NOT DISTINCT FROM (
            p_offered.debit_account_id, p_offered.credit_account_id, p_offered.amount,
            p_offered.currency_code, p_offered.asset_type, p_offered.transaction_type,
            p_offered.timestamp_utc, p_offered.fx_rate, p_offered.metadata::TEXT
        )
        OR CASE
            WHEN num_nonnulls(p_entry.content_hash, p_offered.content_hash) > 0
                THEN
                    coalesce(p_entry.content_hash, ledger_entry_content(
                        p_entry.debit_account_id, p_entry.credit_account_id, p_entry.amount,
                        p_entry.currency_code, p_entry.asset_type, p_entry.transaction_type,
                        p_entry.timestamp_utc, p_entry.fx_rate, p_entry.metadata
                    )) = coalesce(p_offered.content_hash, ledger_entry_content(
                        p_offered.debit_account_id, p_offered.credit_account_id, p_offered.amount,
                        p_offered.currency_code, p_offered.asset_type, p_offered.transaction_type,
                        p_offered.timestamp_utc, p_offered.fx_rate, p_offered.metadata
                    ))
            ELSE FALSE
        END
$$;
