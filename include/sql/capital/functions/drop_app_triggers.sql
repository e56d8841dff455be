-- Drops triggers of these names from the app's tables, as far as they are there.
CREATE OR REPLACE FUNCTION drop_app_triggers(p_names TEXT[])
RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    v_trigger RECORD;
BEGIN
    FOR v_trigger IN
        SELECT tgname AS name, tgrelid::REGCLASS AS of
        FROM pg_trigger
        WHERE
            NOT tgisinternal
            AND tgrelid IN (
                '"Junta"'::REGCLASS, '"Prestamo"'::REGCLASS, '"PagoPrestamo"'::REGCLASS,
                '"Accion"'::REGCLASS, '"Multa"'::REGCLASS
            )
            AND tgname = ANY(p_names)
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', v_trigger.name, v_trigger.of);
    END LOOP;
END
$$;
