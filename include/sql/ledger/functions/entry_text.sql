-- Gives the text of an entry that both ledgers hash: what must be the same in both of them.
CREATE OR REPLACE FUNCTION trueup.entry_text(p_entry LEDGER_ENTRIES)
RETURNS TEXT LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT concat_ws(
        '|', p_entry.reference_id, p_entry.debit_account_id, p_entry.credit_account_id,
        trim_scale(p_entry.amount), p_entry.currency_code, to_char(
            p_entry.timestamp_utc AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
        )
    )
$$;
