-- Takes away the reasons of sources beside files.
DELETE FROM trueup.reason_codes
WHERE code IN ('reversed_entry', 'unbalanced_group', 'one_legged_group', 'ambiguous_group');
