-- The triggers that must stand on each table while a migration stands: those that follow the app's
-- writers; and as long as the way back is open, those that keep the old tables and what was before.
CREATE OR REPLACE FUNCTION capital_followers()
RETURNS TABLE (of_table TEXT, name TEXT) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH stands AS (
        SELECT cut_over_at IS NOT NULL AS is_cut_over, closed_at IS NULL AS is_open
        FROM trueup.capital_migrations
        WHERE undone_at IS NULL
    )
    SELECT wanted.of_table, wanted.name
    FROM stands
    CROSS JOIN (VALUES
        ('Accion', 'trueup_3_capital', FALSE), ('Multa', 'trueup_3_capital', FALSE),
        ('Prestamo', 'trueup_3_capital', FALSE), ('PagoPrestamo', 'trueup_3_capital', FALSE),
        ('Accion', 'trueup_0_hold', FALSE), ('Multa', 'trueup_0_hold', FALSE),
        ('Prestamo', 'trueup_0_hold', FALSE), ('PagoPrestamo', 'trueup_0_hold', FALSE),
        ('capital_movements', 'trueup_note_insert', FALSE),
        ('capital_movements', 'trueup_note_update', FALSE),
        ('capital_movements', 'trueup_note_delete', FALSE),
        ('Accion', 'capital_follows', TRUE), ('Multa', 'capital_follows', TRUE),
        ('Prestamo', 'capital_follows', TRUE), ('PagoPrestamo', 'capital_follows', TRUE),
        ('capital_movements', 'capital_moves_insert', TRUE),
        ('capital_movements', 'capital_moves_update', TRUE),
        ('capital_movements', 'capital_moves_delete', TRUE)
    ) AS wanted (of_table, name, is_cut_over)
    WHERE wanted.is_cut_over = stands.is_cut_over
    UNION ALL
    SELECT name, 'trueup_2_shadow'
    FROM stands
    CROSS JOIN (VALUES ('Prestamo'), ('PagoPrestamo')) AS followed (name)
    WHERE app_table(name) <> carried_table(name)
    UNION ALL
    SELECT logged.name || CASE
        WHEN stands.is_cut_over AND logged.name IN ('Prestamo', 'PagoPrestamo') THEN 'Old' ELSE ''
    END, kind.name
    FROM stands
    CROSS JOIN (VALUES
        ('Junta'), ('Prestamo'), ('PagoPrestamo'), ('Accion'), ('Multa')
    ) AS logged (name)
    CROSS JOIN (VALUES ('trueup_1_log'), ('trueup_1_log_update')) AS kind (name)
    WHERE stands.is_open AND app_table('Prestamo') <> carried_table('Prestamo');
END
$$;
