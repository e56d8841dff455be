-- Remembers a row of the app as it was before others first changed it since the migration opened:
-- so the state of that moment can be told, whatever they wrote. Arguments of the trigger: the run,
-- and the table's name at that time.
CREATE OR REPLACE FUNCTION log_capital_change() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
SET extra_float_digits = 1 SET timezone = 'UTC' AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO trueup.capital_changes (run_id, table_name, row_id, before)
        VALUES (TG_ARGV[0], TG_ARGV[1], OLD.id, without_capital(to_jsonb(OLD)))
        ON CONFLICT DO NOTHING;
    END IF;
    IF TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND OLD.id <> NEW.id) THEN
        INSERT INTO trueup.capital_changes (run_id, table_name, row_id, before)
        VALUES (TG_ARGV[0], TG_ARGV[1], NEW.id, NULL)
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;

-- Attached to a table of somebody's own, it would do there with our rights what they tell it.
REVOKE EXECUTE ON FUNCTION log_capital_change() FROM public;
