-- Notes that the database refused to release a lot, and in which words.
INSERT INTO vesting_release_outcomes (trace_id, lot_id, outcome, reason, detail, amount)
SELECT %(trace_id)s, lot.id, 'LEFT', 'database_refused', %(detail)s, lot.remaining_amount
FROM vault_vesting_lots AS lot
WHERE lot.id = %(lot)s;
