-- Counts the rows that lie outside the window of time that was asked for.
UPDATE trueup.runs SET left_out = left_out + %(left_out)s WHERE run_id = %(run_id)s
