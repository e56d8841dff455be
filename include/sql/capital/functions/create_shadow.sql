-- Creates an empty copy of a table of the app in which money is exact: columns, defaults, checks,
-- indexes, owner and grants are the same. Foreign keys follow when it is full (carry_keys): until
-- then a payment may come before its loan. Locks nothing that the app would wait for.
CREATE OR REPLACE FUNCTION create_shadow(p_table TEXT, p_shadow TEXT)
RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    v_table REGCLASS := format('%I', p_table)::REGCLASS;
    v_index RECORD;
    v_grant RECORD;
BEGIN
    IF to_regclass(format('%I', p_shadow)) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format(
        'CREATE TABLE %I (LIKE %I INCLUDING ALL EXCLUDING INDEXES)', p_shadow, p_table
    );
    EXECUTE format(
        'ALTER TABLE %I ALTER COLUMN amount TYPE NUMERIC USING exact_amount(amount)', p_shadow
    );
    FOR v_index IN
        SELECT
            class.relname AS name,
            made.indisunique,
            made.indisprimary,
            regexp_replace(pg_get_indexdef(made.indexrelid), '^.*? USING ', '') AS body
        FROM pg_index AS made
        INNER JOIN pg_class AS class ON class.oid = made.indexrelid
        WHERE made.indrelid = v_table
        ORDER BY class.relname
    LOOP
        EXECUTE format(
            'CREATE %s INDEX %I ON %I USING %s',
            CASE WHEN v_index.indisunique THEN 'UNIQUE' ELSE '' END,
            shadow_name(v_index.name), p_shadow, v_index.body
        );
        IF v_index.indisprimary THEN
            EXECUTE format(
                'ALTER TABLE %I ADD PRIMARY KEY USING INDEX %I',
                p_shadow, shadow_name(v_index.name)
            );
        END IF;
    END LOOP;
    FOR v_grant IN
        SELECT
            granted.privilege_type AS privilege,
            granted.is_grantable,
            CASE granted.grantee
                WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(granted.grantee))
            END AS grantee
        FROM pg_class AS class, aclexplode(class.relacl) AS granted
        WHERE class.oid = v_table AND granted.grantee <> class.relowner
    LOOP
        EXECUTE format(
            'GRANT %s ON %I TO %s%s', v_grant.privilege, p_shadow, v_grant.grantee,
            CASE WHEN v_grant.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
        );
    END LOOP;
    EXECUTE format(
        'ALTER TABLE %I OWNER TO %I', p_shadow,
        (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = v_table)
    );
END
$$;
