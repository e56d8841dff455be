-- Tells the planner what was judged; ingest did so for what is staged.
ANALYZE trueup.prepared_entries
