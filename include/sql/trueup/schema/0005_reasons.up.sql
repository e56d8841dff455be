-- Adds reasons for which a row is quarantined, from sources beside files.
INSERT INTO trueup.reason_codes (code, meaning) VALUES
('reversed_entry', 'The reference was posted and reversed: another posting needs a new one.'),
('unbalanced_group', 'Debits and credits of the transaction differ; all its legs are here.'),
('one_legged_group', 'The transaction has legs on one side only; all its legs are here.'),
('ambiguous_group', 'Several debits and several credits: which belongs to which is not said.');
