-- Shows entries of runs with an outbox that have no outbox row.
CREATE OR REPLACE VIEW missing_outbox AS
SELECT
    entry.id,
    entry.reference_id,
    entry.run_id
FROM ledger_entries AS entry
INNER JOIN trueup.runs AS run ON run.run_id = entry.run_id
WHERE
    (run.plan ->> 'outbox')::BOOLEAN
    AND NOT EXISTS (
        SELECT 1 FROM dual_ledger_outbox AS outbox WHERE outbox.entry_id = entry.id
    )
    -- A reversal has none while the other ledger refuses what it reverses.
    AND NOT EXISTS (
        SELECT 1 FROM dual_ledger_outbox AS original
        WHERE original.entry_id = entry.reverses AND original.refused
    );
