-- Keeps one difference between two ledgers.
INSERT INTO trueup.ledger_differences (
    run_id, reference_id, kind, here, there, known_reason
) VALUES (
    %(run_id)s, %(reference_id)s, %(kind)s, %(here)s, %(there)s, %(known_reason)s
)
