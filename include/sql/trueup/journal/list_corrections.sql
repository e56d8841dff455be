-- Lists what a run of corrections found and proposed.
SELECT
    kind,
    subject,
    currency_code,
    expected::TEXT AS expected,
    actual::TEXT AS actual,
    difference::TEXT AS difference,
    cause,
    trust,
    proposal,
    amount,
    debit_account_id,
    credit_account_id,
    reference_id
FROM trueup.proposed_corrections
WHERE run_id = %(run_id)s
ORDER BY number
