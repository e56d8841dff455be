-- How many lots this job has released so far.
SELECT count(*) AS lots
FROM vesting_release_outcomes AS decided
WHERE decided.trace_id = %(trace_id)s AND decided.outcome = 'RELEASED';
