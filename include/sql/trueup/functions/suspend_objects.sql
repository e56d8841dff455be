-- Bares tables for an initial load: takes indexes, keys and foreign keys away, remembers how they
-- were, and lets nobody but the run write. One transaction: after a kill either nothing is gone, or
-- all is remembered.
CREATE OR REPLACE FUNCTION trueup.suspend_objects(p_run_id TEXT, p_tables TEXT[])
RETURNS INTEGER LANGUAGE plpgsql AS $$
DECLARE
    v_object RECORD;
    v_count INTEGER := 0;
BEGIN
    INSERT INTO trueup.suspended_objects (run_id, place, table_name, name, definition)
    SELECT p_run_id, row_number() OVER (ORDER BY kind, table_name, name), table_name, name, definition
    FROM (
        SELECT
            1 AS kind,
            indrelid::REGCLASS::TEXT AS table_name,
            indexrelid::REGCLASS::TEXT AS name,
            pg_get_indexdef(indexrelid) AS definition
        FROM pg_index WHERE indrelid = ANY(p_tables::REGCLASS [])
        UNION ALL
        -- An index that is built already becomes the constraint: nothing is built twice.
        SELECT
            CASE contype WHEN 'f' THEN 3 ELSE 2 END,
            conrelid::REGCLASS::TEXT,
            conname,
            format(
                'ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::REGCLASS, conname,
                CASE contype
                    WHEN 'f' THEN pg_get_constraintdef(oid)
                    ELSE format(
                        '%s USING INDEX %I%s%s',
                        CASE contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END, conname,
                        CASE WHEN condeferrable THEN ' DEFERRABLE' END,
                        CASE WHEN condeferred THEN ' INITIALLY DEFERRED' END
                    )
                END
            )
        FROM pg_constraint
        WHERE conrelid = ANY(p_tables::REGCLASS []) AND contype IN ('p', 'u', 'f')
    ) AS found;

    FOR v_object IN
        SELECT
            conrelid::REGCLASS AS table_name,
            conname AS name
        FROM pg_constraint
        WHERE conrelid = ANY(p_tables::REGCLASS []) AND contype IN ('p', 'u', 'f')
        ORDER BY contype <> 'f'
    LOOP
        EXECUTE format(
            'ALTER TABLE %s DROP CONSTRAINT %I', v_object.table_name, v_object.name
        );
        v_count := v_count + 1;
    END LOOP;
    FOR v_object IN
        SELECT indexrelid::REGCLASS AS name FROM pg_index
        WHERE indrelid = ANY(p_tables::REGCLASS [])
    LOOP
        EXECUTE format('DROP INDEX %s', v_object.name);
        v_count := v_count + 1;
    END LOOP;
    FOR v_object IN SELECT unnest(p_tables)::REGCLASS AS table_name LOOP
        EXECUTE format(
            'CREATE TRIGGER trueup_initial_load BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE '
            'ON %s FOR EACH STATEMENT EXECUTE FUNCTION trueup.refuse_others(%L)',
            v_object.table_name, p_run_id
        );
    END LOOP;
    RETURN v_count;
END
$$;
