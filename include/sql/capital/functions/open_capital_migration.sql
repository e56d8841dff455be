-- Opens a migration, in one short transaction: fingerprints the app's schema, creates what is
-- tracked with, and sets the triggers that follow the app's writers from here on. Safe to repeat.
CREATE OR REPLACE FUNCTION open_capital_migration(p_run_id TEXT, p_seconds NUMERIC)
RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    v_row RECORD;
BEGIN
    IF EXISTS (
        SELECT 1 FROM trueup.capital_migrations WHERE run_id = p_run_id AND undone_at IS NULL
    ) THEN
        RETURN;
    END IF;
    IF is_capital_tracked() OR EXISTS (
        SELECT 1 FROM trueup.capital_migrations WHERE closed_at IS NULL
    ) THEN
        RAISE EXCEPTION 'Migration % of these tables stands', (
            SELECT run_id FROM trueup.capital_migrations
            WHERE closed_at IS NULL OR undone_at IS NULL
        )
        USING
            ERRCODE = 'object_in_use',
            HINT = 'Let it finish, or take it back with the DAG rollback.';
    END IF;
    PERFORM lock_capital_tables(
        'SHARE ROW EXCLUSIVE', '{Junta,Prestamo,PagoPrestamo,Accion,Multa}', p_seconds
    );
    INSERT INTO trueup.capital_migrations (run_id, schema_hash, shape)
    SELECT p_run_id, capital_schema_hash(), jsonb_agg(to_jsonb(shape)) FROM app_shape() AS shape;
    PERFORM add_capital_tracking();
    FOR v_row IN
        SELECT * FROM (VALUES
            ('Junta', NULL), ('Prestamo', 'PRESTAMO'), ('PagoPrestamo', 'PAGO'),
            ('Accion', 'ACCION'), ('Multa', 'MULTA')
        ) AS wanted (name, kind)
    LOOP
        -- The capital of a junta is none of the app's doing.
        EXECUTE format(
            'CREATE TRIGGER trueup_1_log_update AFTER UPDATE ON %I FOR EACH ROW '
            'WHEN (without_capital(to_jsonb(old.*)) IS DISTINCT FROM without_capital(to_jsonb(new.*))) '
            'EXECUTE FUNCTION log_capital_change(%L, %L)',
            v_row.name, p_run_id, v_row.name
        );
        EXECUTE format(
            'CREATE TRIGGER trueup_1_log AFTER INSERT OR DELETE ON %I FOR EACH ROW '
            'EXECUTE FUNCTION log_capital_change(%L, %L)',
            v_row.name, p_run_id, v_row.name
        );
        EXECUTE format(
            'CREATE TRIGGER trueup_refuse_truncate BEFORE TRUNCATE ON %I FOR EACH STATEMENT '
            'EXECUTE FUNCTION refuse_truncate()',
            v_row.name
        );
        IF v_row.kind IS NOT NULL THEN
            EXECUTE format(
                'CREATE TRIGGER trueup_0_hold BEFORE INSERT OR UPDATE OR DELETE ON %I '
                'FOR EACH ROW EXECUTE FUNCTION hold_writer(%L)',
                v_row.name, v_row.kind
            );
            EXECUTE format(
                'CREATE TRIGGER trueup_3_capital AFTER INSERT OR UPDATE OR DELETE ON %I '
                'FOR EACH ROW EXECUTE FUNCTION follow_capital(%L)',
                v_row.name, v_row.kind
            );
        END IF;
    END LOOP;
    PERFORM set_shadow_follower('Prestamo', 'PrestamoNew');
    PERFORM set_shadow_follower('PagoPrestamo', 'PagoPrestamoNew');
END
$$;
