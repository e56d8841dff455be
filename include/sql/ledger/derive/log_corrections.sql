-- Writes each correction into the audit log: what was off, whose word it was, what was posted.
INSERT INTO trueup.audit_log (run_id, stage, event, detail)
SELECT
    correction.run_id,
    'document',
    CASE
        WHEN entry.id IS NOT NULL THEN format(
            'Corrected %%s: %%s %%s posted as %%s; likely cause: %%s.', correction.subject,
            trim_scale(entry.amount), entry.currency_code, entry.reference_id, correction.cause
        )
        WHEN correction.trust = 'ledger' THEN format(
            'Left %%s as it is, on the word of the ledger; likely cause: %%s.', correction.subject,
            correction.cause
        )
        ELSE format(
            'Left %%s as it is, for no entry of this run can mend it: %%s.', correction.subject,
            correction.cause
        )
    END,
    jsonb_build_object(
        'number', correction.number, 'kind', correction.kind, 'expected', correction.expected::TEXT,
        'actual', correction.actual::TEXT, 'trust', correction.trust,
        'proposal', correction.proposal, 'reference', entry.reference_id,
        'approved_by', run.approved_by
    )
FROM trueup.corrections AS correction
INNER JOIN trueup.runs AS run ON run.run_id = correction.run_id
LEFT JOIN ledger_entries AS entry
    ON
        entry.ledger_id = correction.fields ->> 'ledgerId'
        AND entry.reference_id = correction.fields ->> 'referenceId'
        AND correction.proposal <> 'nothing'
WHERE
    correction.run_id = %(run_id)s
    -- A task that is tried again writes nothing down twice.
    AND NOT EXISTS (
        SELECT 1 FROM trueup.audit_log AS said
        WHERE
            said.run_id = correction.run_id
            AND said.stage = 'document'
            AND said.detail ->> 'number' = correction.number::TEXT
    )
ORDER BY correction.number
