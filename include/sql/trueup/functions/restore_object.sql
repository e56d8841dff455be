-- Builds the next key or index that an initial load took away, and gives its name; NULL when all
-- stand, and then others may write again.
CREATE OR REPLACE FUNCTION trueup.restore_object(p_run_id TEXT, p_tables TEXT[])
RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE
    v_object RECORD;
BEGIN
    SELECT place, name, definition INTO v_object
    FROM trueup.suspended_objects WHERE run_id = p_run_id
    ORDER BY place LIMIT 1 FOR UPDATE;
    IF FOUND THEN
        EXECUTE v_object.definition;
        DELETE FROM trueup.suspended_objects WHERE run_id = p_run_id AND place = v_object.place;
        RETURN v_object.name;
    END IF;
    FOR v_object IN SELECT unnest(p_tables)::REGCLASS AS table_name LOOP
        EXECUTE format('DROP TRIGGER IF EXISTS trueup_initial_load ON %s', v_object.table_name);
    END LOOP;
    RETURN NULL;
END
$$;
