-- Drops the journal with everything it remembers; the books themselves are not touched.
DROP SCHEMA trueup CASCADE;
