-- Shows what every run of corrections found, whose word it took, and what it proposed.
CREATE OR REPLACE VIEW trueup.proposed_corrections AS
SELECT
    run_id,
    number,
    kind,
    subject,
    currency_code,
    expected,
    actual,
    actual - expected AS difference,
    cause,
    trust,
    proposal,
    fields ->> 'debitAccountId' AS debit_account_id,
    fields ->> 'creditAccountId' AS credit_account_id,
    fields ->> 'amount' AS amount,
    fields ->> 'referenceId' AS reference_id
FROM trueup.corrections;
