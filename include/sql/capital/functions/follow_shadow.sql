-- Brings a row that the app has written into the table beside it, or takes it out there. Arguments
-- of the trigger: that table, and the names of the columns as an array. No text of theirs becomes
-- SQL but as a name.
CREATE OR REPLACE FUNCTION follow_shadow() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET extra_float_digits = 1 AS $$
DECLARE
    v_columns TEXT;
    v_values TEXT;
    v_changes TEXT;
BEGIN
    -- Once a person has dropped the old tables, nothing follows any more.
    IF to_regclass(format('%I', TG_ARGV[0])) IS NULL THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND OLD.id <> NEW.id) THEN
        EXECUTE format('DELETE FROM %I WHERE id = $1', TG_ARGV[0]) USING OLD.id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        SELECT
            string_agg(quote_ident(name), ', '),
            string_agg(
                format(CASE name WHEN 'amount' THEN 'exact_amount(($1).%I)' ELSE '($1).%I' END, name),
                ', '
            ),
            string_agg(format('%1$I = excluded.%1$I', name), ', ')
        INTO v_columns, v_values, v_changes
        FROM unnest(TG_ARGV[1]::TEXT[]) AS name;
        EXECUTE format(
            'INSERT INTO %I (%s) SELECT %s ON CONFLICT (id) DO UPDATE SET %s',
            TG_ARGV[0], v_columns, v_values, v_changes
        ) USING NEW;
    END IF;
    RETURN NULL;
END
$$;

-- Attached to a table of somebody's own, it would do there with our rights what they tell it.
REVOKE EXECUTE ON FUNCTION follow_shadow() FROM public;
