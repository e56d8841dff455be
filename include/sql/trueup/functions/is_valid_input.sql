-- Tells whether a text can be read as a type; PostgreSQL 15 has no pg_input_is_valid.
DO $do$
BEGIN
    IF current_setting('server_version_num')::INTEGER >= 160000 THEN
        CREATE OR REPLACE FUNCTION trueup.is_valid_input(p_text TEXT, p_type TEXT)
        RETURNS BOOLEAN LANGUAGE sql STABLE
        AS 'SELECT pg_input_is_valid(p_text, p_type)';
    ELSE
        CREATE OR REPLACE FUNCTION trueup.is_valid_input(p_text TEXT, p_type TEXT)
        RETURNS BOOLEAN LANGUAGE plpgsql STABLE
        AS $function$
        BEGIN
            EXECUTE format('SELECT %L::%s', p_text, p_type);
            RETURN TRUE;
        EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
            RETURN FALSE;
        END
        $function$;
    END IF;
END
$do$;
