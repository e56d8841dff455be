-- Creates what capital is tracked with, where it is missing: the shadow tables, the movements, and
-- what each statement brought a junta. Nobody who works on the app's tables waits for it.
CREATE OR REPLACE FUNCTION add_capital_tracking() RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    v_event TEXT;
BEGIN
    PERFORM create_shadow('Prestamo', 'PrestamoNew');
    PERFORM create_shadow('PagoPrestamo', 'PagoPrestamoNew');
    IF to_regclass('capital_movements') IS NOT NULL THEN
        RETURN;
    END IF;

    CREATE TABLE capital_movements (
        id TEXT PRIMARY KEY DEFAULT gen_random_uuid()::TEXT,
        -- No scale: it would round what is not whole cents, and a rule must refuse it.
        amount NUMERIC NOT NULL,
        type TEXT NOT NULL,
        direction TEXT NOT NULL,
        description TEXT,
        created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        junta_id TEXT NOT NULL,
        -- The one row that it is the movement of.
        prestamo_id TEXT,
        multa_id TEXT,
        accion_id TEXT,
        pago_id TEXT,
        -- A historic loan above what its junta had at that time.
        over_available BOOLEAN NOT NULL DEFAULT FALSE,
        run_id TEXT
    );
    CREATE UNIQUE INDEX capital_movements_prestamo ON capital_movements (prestamo_id)
    WHERE prestamo_id IS NOT NULL;
    CREATE UNIQUE INDEX capital_movements_multa ON capital_movements (multa_id)
    WHERE multa_id IS NOT NULL;
    CREATE UNIQUE INDEX capital_movements_accion ON capital_movements (accion_id)
    WHERE accion_id IS NOT NULL;
    CREATE UNIQUE INDEX capital_movements_pago ON capital_movements (pago_id)
    WHERE pago_id IS NOT NULL;
    CREATE INDEX capital_movements_by_junta ON capital_movements (junta_id, created_at);

    -- Appended to, never updated: two writers do not meet in a junta's row before the cutover.
    CREATE TABLE trueup.capital_deltas (
        junta_id TEXT NOT NULL, base NUMERIC(20, 2) NOT NULL, current NUMERIC(20, 2) NOT NULL
    );
    -- The triggers work with the rights of whoever installed their functions; a run may be another.
    EXECUTE format(
        'GRANT SELECT, INSERT, UPDATE, DELETE ON capital_movements, trueup.capital_deltas TO %I',
        (SELECT pg_get_userbyid(proowner) FROM pg_proc WHERE oid = 'note_capital'::REGPROC)
    );
    FOREACH v_event IN ARRAY '{INSERT,UPDATE,DELETE}'::TEXT[] LOOP
        EXECUTE format(
            'CREATE TRIGGER trueup_note_%s AFTER %s ON capital_movements %s '
            'FOR EACH STATEMENT EXECUTE FUNCTION note_capital()',
            lower(v_event), v_event, transition_tables(v_event)
        );
    END LOOP;
END
$$;
