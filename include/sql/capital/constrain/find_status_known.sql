-- Lists rows that stand and that the rule will forbid.
SELECT source_id FROM rows_against('Prestamo', 'status_known')
