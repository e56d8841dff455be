-- Forgets how many rows lay outside the window: the source is staged anew, with all of them.
UPDATE trueup.runs SET left_out = 0 WHERE run_id = %(run_id)s
