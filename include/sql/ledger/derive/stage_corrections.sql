-- Stages the entries that are proposed, in the order in which they were found.
INSERT INTO trueup.staged_entries (
    run_id, position, raw, ledger_id, debit_account_id, credit_account_id, amount, currency_code,
    asset_type, transaction_type, reference_id, timestamp_utc, fx_rate, metadata
)
SELECT
    run_id,
    number,
    fields::TEXT,
    fields ->> 'ledgerId',
    fields ->> 'debitAccountId',
    fields ->> 'creditAccountId',
    fields ->> 'amount',
    fields ->> 'currencyCode',
    fields ->> 'assetType',
    fields ->> 'transactionType',
    fields ->> 'referenceId',
    fields ->> 'timestampUtc',
    fields ->> 'fxRate',
    fields ->> 'metadata'
FROM trueup.corrections
WHERE run_id = %(run_id)s AND proposal <> 'nothing'
