-- Lets a break say that the books were held against locks.
ALTER TABLE trueup.breaks
DROP CONSTRAINT breaks_compared_with_known,
ADD CONSTRAINT breaks_compared_with_known
CHECK (compared_with IN ('entries', 'expected_balances', 'overdraft', 'locks'));
