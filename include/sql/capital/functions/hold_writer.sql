-- Takes the hold of a row's junta before the row is written, as it was and as it will be: a batch
-- of the migration may be about either. Before, because a writer that waited for the hold with a
-- row in the shadow already would have the batch wait for it in turn. A loan that goes takes the
-- hold for its payments. Argument of the trigger: the kind of row.
CREATE OR REPLACE FUNCTION hold_writer() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_ARGV[0] = 'PAGO' AND TG_OP <> 'DELETE' THEN
        PERFORM hold_loan(to_jsonb(NEW) ->> 'prestamo_id', FALSE);
    ELSIF TG_ARGV[0] = 'PRESTAMO' AND TG_OP = 'UPDATE' THEN
        IF NEW.junta_id IS DISTINCT FROM OLD.junta_id THEN
            PERFORM hold_loan(OLD.id, TRUE);
        END IF;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        PERFORM hold_capital(CASE
            WHEN TG_ARGV[0] = 'PAGO' THEN junta_of_loan(to_jsonb(OLD) ->> 'prestamo_id')
            ELSE to_jsonb(OLD) ->> 'junta_id'
        END);
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    PERFORM hold_capital(CASE
        WHEN TG_ARGV[0] = 'PAGO' THEN junta_of_loan(to_jsonb(NEW) ->> 'prestamo_id')
        ELSE to_jsonb(NEW) ->> 'junta_id'
    END);
    RETURN NEW;
END
$$;

-- Attached to a table of somebody's own, it would do there with our rights what they tell it.
REVOKE EXECUTE ON FUNCTION hold_writer() FROM public;
