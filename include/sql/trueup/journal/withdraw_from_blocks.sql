-- Takes rows that are plain no more from what the source's blocks count.
UPDATE trueup.source_blocks AS block SET plain_rows = block.plain_rows - withdrawn.rows
FROM (
    SELECT first_key, count(*) AS rows
    FROM trueup.source_blocks
    INNER JOIN unnest(%(positions)s::BIGINT[]) AS position
        ON position BETWEEN first_key AND last_key
    WHERE run_id = %(run_id)s
    GROUP BY first_key
) AS withdrawn
WHERE block.run_id = %(run_id)s AND block.first_key = withdrawn.first_key
