-- Keeps how many breaks the run has.
UPDATE trueup.runs SET breaks = (
    SELECT count(*) FROM trueup.breaks WHERE breaks.run_id = %(run_id)s
)
WHERE run_id = %(run_id)s
