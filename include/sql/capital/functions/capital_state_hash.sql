-- Fingerprints the app's schema and rows as they were when a run opened its migration: what others
-- have changed since is undone by the images that were kept. Sums of two words of a SHA-256 per
-- row: no pair of changes cancels out as it would under XOR. NULL once nobody's changes are kept.
CREATE OR REPLACE FUNCTION capital_state_hash(p_run_id TEXT) RETURNS TEXT LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp SET extra_float_digits = 1 SET timezone = 'UTC' AS $$
DECLARE
    v_migration trueup.capital_migrations;
    v_lines TEXT := '';
    v_line TEXT;
    v_table TEXT;
BEGIN
    SELECT * INTO STRICT v_migration FROM trueup.capital_migrations WHERE run_id = p_run_id;
    IF v_migration.closed_at IS NOT NULL THEN
        RETURN NULL;
    END IF;
    FOREACH v_table IN ARRAY '{Junta,Prestamo,PagoPrestamo,Accion,Multa}'::TEXT[] LOOP
        EXECUTE format(
            $sql$
            SELECT concat_ws(
                ' ', %1$L, count(*), sum(('x' || left(digest, 16))::BIT(64)::BIGINT),
                sum(('x' || right(digest, 16))::BIT(64)::BIGINT)
            )
            FROM (
                SELECT left(encode(sha256(convert_to(standing.row::TEXT, 'UTF8')), 'hex'), 32)
                    AS digest
                FROM (
                    SELECT without_capital(to_jsonb(live.*)) AS row
                    FROM %2$I AS live
                    WHERE NOT EXISTS (
                        SELECT 1 FROM trueup.capital_changes AS change
                        WHERE
                            change.run_id = $1
                            AND change.table_name = %1$L
                            AND change.row_id = live.id
                    )
                    UNION ALL
                    SELECT before FROM trueup.capital_changes
                    WHERE run_id = $1 AND table_name = %1$L AND before IS NOT NULL
                ) AS standing
            ) AS digests
            $sql$,
            v_table,
            CASE
                WHEN
                    v_table IN ('Prestamo', 'PagoPrestamo')
                    AND v_migration.cut_over_at IS NOT NULL
                    AND v_migration.undone_at IS NULL
                    THEN v_table || 'Old'
                ELSE v_table
            END
        ) INTO v_line USING p_run_id;
        v_lines := v_lines || v_line || E'\n';
    END LOOP;
    -- While the migration stands its own objects are part of the schema: what was before them is
    -- kept.
    RETURN encode(sha256(convert_to(
        v_lines || CASE
            WHEN v_migration.undone_at IS NULL THEN v_migration.schema_hash
            ELSE capital_schema_hash()
        END,
        'UTF8'
    )), 'hex');
END
$$;
