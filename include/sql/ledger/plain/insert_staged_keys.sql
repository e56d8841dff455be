-- Keeps the keys of the rows that are judged elsewhere: a plain row must not share one.
INSERT INTO keys
SELECT hash(coalesce(ledger_id, $ledger_id), reference_id), position, FALSE
FROM staged
WHERE reference_id IS NOT NULL
