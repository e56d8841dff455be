-- Keeps the keys of the plain rows of a block.
INSERT INTO keys
SELECT hash(ledger_id, reference_id), position, TRUE FROM judged WHERE plain
