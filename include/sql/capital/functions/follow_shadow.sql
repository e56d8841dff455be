-- Brings a row that the app has written into the table beside it, or takes it out there. Arguments
-- of the trigger: that table, the columns, what they are taken from, and what an update sets.
CREATE OR REPLACE FUNCTION follow_shadow() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET extra_float_digits = 1 AS $$
BEGIN
    -- Once a person has dropped the old tables, nothing follows any more.
    IF to_regclass(format('%I', TG_ARGV[0])) IS NULL THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND OLD.id <> NEW.id) THEN
        EXECUTE format('DELETE FROM %I WHERE id = $1', TG_ARGV[0]) USING OLD.id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        EXECUTE format(
            'INSERT INTO %I (%s) SELECT %s ON CONFLICT (id) DO UPDATE SET %s',
            TG_ARGV[0], TG_ARGV[1], TG_ARGV[2], TG_ARGV[3]
        ) USING NEW;
    END IF;
    RETURN NULL;
END
$$;
