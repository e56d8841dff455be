-- Puts the tables of schema trueup_restored in the place of those of the same names, which go into
-- a new schema aside, as do the tables that a run made. What stands gives its place its schema, its
-- owner and its grants; a sequence of a restored table goes on where the one that goes had come to,
-- and keys of other tables lead to the restored ones, if their rows still find what they name.
CREATE OR REPLACE FUNCTION trueup.exchange_tables(p_tables TEXT[], p_made TEXT[], p_aside TEXT)
RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    v_lock TEXT;
    v_name TEXT;
    v_standing REGCLASS;
    v_restored REGCLASS;
    v_schema TEXT;
    v_owner TEXT;
    v_row RECORD;
    v_last BIGINT;
    v_going OID[] := ARRAY(
        SELECT to_regclass(quote_ident(name))::OID FROM unnest(p_tables || p_made) AS name
        WHERE to_regclass(quote_ident(name)) IS NOT NULL
    );
    v_keys JSONB;
BEGIN
    PERFORM set_config('lock_timeout', '1s', TRUE);
    SELECT string_agg(locked.name, ', ' ORDER BY locked.name) INTO v_lock
    FROM (
        SELECT going::REGCLASS::TEXT AS name FROM unnest(v_going) AS going
        UNION
        SELECT conrelid::REGCLASS::TEXT FROM pg_constraint
        WHERE contype = 'f' AND confrelid = any(v_going) AND conparentid = 0
    ) AS locked;
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', v_lock);
    SELECT jsonb_agg(jsonb_build_object(
        'of', conrelid::REGCLASS, 'name', conname, 'leads', pg_get_constraintdef(oid)
    )) INTO v_keys
    FROM pg_constraint
    WHERE
        contype = 'f'
        AND confrelid = any(v_going)
        AND conrelid <> all(v_going)
        AND conparentid = 0;
    FOR v_row IN
        SELECT * FROM jsonb_to_recordset(v_keys) AS key ("of" TEXT, name TEXT, leads TEXT)
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', v_row.of, v_row.name);
    END LOOP;
    EXECUTE format('CREATE SCHEMA %I', p_aside);
    -- Whoever tidies up there one day must not move anything here.
    FOR v_row IN SELECT going::REGCLASS AS name FROM unnest(v_going) AS going LOOP
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', v_row.name);
    END LOOP;
    FOR v_row IN
        SELECT to_regclass(quote_ident(name)) AS made FROM unnest(p_made) AS name
        WHERE to_regclass(quote_ident(name)) IS NOT NULL
    LOOP
        EXECUTE format('ALTER TABLE %s SET SCHEMA %I', v_row.made, p_aside);
    END LOOP;
    FOREACH v_name IN ARRAY p_tables LOOP
        v_restored := format('trueup_restored.%I', v_name)::REGCLASS;
        v_standing := to_regclass(quote_ident(v_name));
        v_schema := current_schema();
        IF v_standing IS NOT NULL THEN
            SELECT (SELECT nspname FROM pg_namespace WHERE oid = relnamespace), pg_get_userbyid(relowner)
            INTO v_schema, v_owner
            FROM pg_class WHERE oid = v_standing;
            EXECUTE format('ALTER TABLE %s SET SCHEMA %I', v_standing, p_aside);
            IF v_owner <> current_user THEN
                -- An owner must have this right at the moment in which it becomes one.
                EXECUTE format('GRANT USAGE, CREATE ON SCHEMA trueup_restored TO %I', v_owner);
                EXECUTE format('ALTER TABLE %s OWNER TO %I', v_restored, v_owner);
            END IF;
            -- Rights are those of today: what was taken away since the backup does not come back,
            -- and what was granted on a column stays where there is that column.
            FOR v_row IN
                SELECT DISTINCT CASE granted.grantee
                    WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(granted.grantee))
                END AS grantee
                FROM pg_class AS class
                CROSS JOIN LATERAL (
                    SELECT grantee FROM aclexplode(class.relacl)
                    UNION
                    SELECT of_column.grantee
                    FROM pg_attribute AS field, aclexplode(field.attacl) AS of_column
                    WHERE field.attrelid = class.oid AND NOT field.attisdropped
                ) AS granted
                WHERE class.oid = v_restored AND granted.grantee <> class.relowner
            LOOP
                EXECUTE format('REVOKE ALL ON %s FROM %s CASCADE', v_restored, v_row.grantee);
            END LOOP;
            FOR v_row IN
                SELECT
                    granted.privilege_type AS privilege,
                    CASE granted.grantee
                        WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(granted.grantee))
                    END AS grantee,
                    granted.on_column,
                    CASE WHEN granted.is_grantable THEN 'WITH GRANT OPTION' ELSE '' END AS further
                FROM pg_class AS class
                CROSS JOIN LATERAL (
                    SELECT grantee, privilege_type, is_grantable, '' AS on_column
                    FROM aclexplode(class.relacl)
                    UNION ALL
                    SELECT
                        of_column.grantee, of_column.privilege_type, of_column.is_grantable,
                        format('(%I)', field.attname)
                    FROM pg_attribute AS field, aclexplode(field.attacl) AS of_column
                    WHERE
                        field.attrelid = class.oid
                        AND EXISTS (
                            SELECT 1 FROM pg_attribute AS restored
                            WHERE
                                restored.attrelid = v_restored
                                AND restored.attname = field.attname
                                AND NOT restored.attisdropped
                        )
                ) AS granted
                WHERE class.oid = v_standing AND granted.grantee <> class.relowner
            LOOP
                EXECUTE format(
                    'GRANT %s %s ON %s TO %s %s',
                    v_row.privilege, v_row.on_column, v_restored, v_row.grantee, v_row.further
                );
            END LOOP;
            FOR v_row IN
                SELECT ours.oid::REGCLASS AS restored, theirs.oid::REGCLASS AS standing
                FROM pg_depend AS owned
                INNER JOIN pg_class AS ours ON ours.oid = owned.objid AND ours.relkind = 'S'
                INNER JOIN pg_class AS theirs
                    ON
                        theirs.relname = ours.relname
                        AND theirs.relkind = 'S'
                        AND theirs.relnamespace = quote_ident(p_aside)::REGNAMESPACE
                WHERE owned.refclassid = 'pg_class'::REGCLASS AND owned.refobjid = v_restored
            LOOP
                EXECUTE format('SELECT last_value FROM %s WHERE is_called', v_row.standing)
                INTO v_last;
                IF v_last IS NOT NULL THEN
                    PERFORM setval(v_row.restored, v_last);
                END IF;
            END LOOP;
        END IF;
        EXECUTE format('ALTER TABLE %s SET SCHEMA %I', v_restored, v_schema);
    END LOOP;
    FOR v_row IN
        SELECT * FROM jsonb_to_recordset(v_keys) AS key ("of" TEXT, name TEXT, leads TEXT)
    LOOP
        EXECUTE format(
            'ALTER TABLE %s ADD CONSTRAINT %I %s', v_row.of, v_row.name, v_row.leads
        );
    END LOOP;
    DROP SCHEMA trueup_restored;
END
$$;
