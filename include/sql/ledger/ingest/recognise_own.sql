-- Gives rows that the other ledger sends back the key under which we have them, and the fields that
-- its API leaves out: else they would be staged for a ledger of its own, and posted a second time.
-- What it says otherwise than we do stays as it says, and makes the row a conflict. Only what lies
-- in the outbox is known there; where two entries of ours have a reference, the row's own ledger
-- decides, then what was not refused.
WITH own AS (
    SELECT DISTINCT ON (staged.position)
        staged.position,
        entry.ledger_id,
        entry.asset_type,
        entry.transaction_type,
        entry.fx_rate,
        entry.metadata
    FROM trueup.runs AS run
    INNER JOIN trueup.staged_entries AS staged ON staged.run_id = run.run_id
    INNER JOIN ledger_entries AS entry ON entry.reference_id = staged.reference_id
    INNER JOIN dual_ledger_outbox AS outbox ON outbox.entry_id = entry.id
    WHERE run.run_id = %(run_id)s AND run.source_type = 'SCB' AND staged.run_id = %(run_id)s
    ORDER BY
        staged.position ASC,
        entry.ledger_id = coalesce(staged.ledger_id, run.plan ->> 'ledger_id') DESC,
        outbox.refused ASC,
        entry.id ASC
)
UPDATE trueup.staged_entries AS staged SET
    ledger_id = own.ledger_id,
    asset_type = coalesce(staged.asset_type, own.asset_type),
    transaction_type = coalesce(staged.transaction_type, own.transaction_type),
    fx_rate = coalesce(staged.fx_rate, own.fx_rate::TEXT),
    metadata = coalesce(staged.metadata, own.metadata::TEXT)
FROM own
WHERE staged.run_id = %(run_id)s AND staged.position = own.position
