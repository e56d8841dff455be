-- Gives the outbox rows of the plain rows of a block.
SELECT $entry_id_base + position AS entry_id, reference_id
FROM judged
WHERE plain
