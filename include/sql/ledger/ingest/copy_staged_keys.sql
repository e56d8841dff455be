-- Gives the keys of the staged rows.
COPY (
    SELECT position, ledger_id, reference_id FROM trueup.staged_entries WHERE run_id = %(run_id)s
) TO STDOUT (FORMAT csv)
