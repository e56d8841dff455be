-- Switches the app to the new schema; tells whether that was not done yet.
SELECT cut_over_capital(%(run_id)s, 60) AS done
