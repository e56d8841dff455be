-- Counts the rows of a block.
SELECT count(*) AS rows FROM judged
