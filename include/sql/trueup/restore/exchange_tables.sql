-- Puts the restored tables in the place of those that stand, which go into a schema aside with all
-- that the run made.
SELECT trueup.exchange_tables(%(tables)s, %(made)s, %(aside)s)
