-- Takes back that a break may be one against locks.
DELETE FROM trueup.breaks WHERE compared_with = 'locks';
ALTER TABLE trueup.breaks
DROP CONSTRAINT breaks_compared_with_known,
ADD CONSTRAINT breaks_compared_with_known
CHECK (compared_with IN ('entries', 'expected_balances', 'overdraft'));
