-- Fingerprints the schema of the app's tables, and whether anything of a migration stands on or
-- beside them. The log of changes is left out: it stays until the proof that it serves.
CREATE OR REPLACE FUNCTION capital_schema_hash() RETURNS TEXT LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (
        WITH told AS (
            SELECT concat_ws('|', of_table, part, name, said) AS line FROM app_shape()
            UNION ALL
            SELECT 'beside|' || name
            FROM unnest('{
                PrestamoNew, PagoPrestamoNew, PrestamoOld, PagoPrestamoOld, capital_movements
            }'::TEXT[]) AS name
            WHERE to_regclass(format('%I', name)) IS NOT NULL
            UNION ALL
            SELECT 'column|' || attname
            FROM pg_attribute
            WHERE
                attrelid = to_regclass('"Junta"')
                AND attname IN ('current_capital', 'base_capital', 'available_capital')
                AND NOT attisdropped
            UNION ALL
            SELECT concat_ws('|', 'follower', tgrelid::REGCLASS, tgname)
            FROM pg_trigger
            WHERE
                tgrelid IN (
                    '"Junta"'::REGCLASS, '"Prestamo"'::REGCLASS, '"PagoPrestamo"'::REGCLASS,
                    '"Accion"'::REGCLASS, '"Multa"'::REGCLASS
                )
                AND tgname IN (SELECT capital_trigger FROM capital_triggers() AS capital_trigger)
                AND tgname NOT IN ('trueup_1_log', 'trueup_1_log_update', 'trueup_refuse_truncate')
        )
        SELECT encode(
            sha256(convert_to(coalesce(string_agg(line, E'\n' ORDER BY line), ''), 'UTF8')), 'hex'
        )
        FROM told
    );
END
$$;
