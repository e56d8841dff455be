-- Stages what an earlier run left in quarantine and nobody has posted since, in the order of its
-- lines. Lines that could not be read are not among them: they have no fields.
INSERT INTO trueup.staged_entries (
    run_id, position, raw, ledger_id, debit_account_id, credit_account_id, amount, currency_code,
    asset_type, transaction_type, reference_id, timestamp_utc, fx_rate, metadata
)
SELECT
    %(run_id)s,
    quarantined.position,
    quarantined.raw,
    quarantined.fields ->> 'ledgerId',
    quarantined.fields ->> 'debitAccountId',
    quarantined.fields ->> 'creditAccountId',
    quarantined.fields ->> 'amount',
    quarantined.fields ->> 'currencyCode',
    quarantined.fields ->> 'assetType',
    quarantined.fields ->> 'transactionType',
    quarantined.fields ->> 'referenceId',
    quarantined.fields ->> 'timestampUtc',
    quarantined.fields ->> 'fxRate',
    quarantined.fields ->> 'metadata'
FROM trueup.quarantine AS quarantined
WHERE quarantined.run_id = %(source)s AND quarantined.reason_code <> 'unreadable_line'
