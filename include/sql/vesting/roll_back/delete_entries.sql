-- Removes up to a batch of the run's lots, the last ones first.
WITH chosen AS (
    SELECT id
    FROM vault_vesting_lots
    WHERE run_id = %(run_id)s
    ORDER BY run_line DESC
    LIMIT %(batch_size)s
), deleted AS (
    DELETE FROM vault_vesting_lots AS lot USING chosen
    WHERE lot.id = chosen.id
    RETURNING lot.id
)
SELECT count(*) AS deleted FROM deleted
