-- Takes the hold of a row's junta, as it was and as it is to be, before the row is written: what
-- follows from it must not begin while a batch is under way, or the two would wait for each other.
-- Argument of the trigger: the kind of row.
CREATE OR REPLACE FUNCTION hold_row() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        IF TG_ARGV[0] = 'PAGO' THEN
            PERFORM hold_capital(junta_of_loan(OLD.prestamo_id));
        ELSE
            PERFORM hold_capital(OLD.junta_id);
        END IF;
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF TG_ARGV[0] = 'PAGO' THEN
        PERFORM hold_capital(junta_of_loan(NEW.prestamo_id));
    ELSE
        PERFORM hold_capital(NEW.junta_id);
    END IF;
    RETURN NEW;
END
$$;
