-- Takes away what comparisons of two ledgers found.
DROP TABLE trueup.ledger_differences CASCADE;
