-- Tells the planner what is staged.
ANALYZE trueup.staged_entries, trueup.prepared_entries
