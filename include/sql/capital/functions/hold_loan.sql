-- Takes a loan's hold before it goes, for the payments that go with it are told apart by its junta.
CREATE OR REPLACE FUNCTION hold_loan() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM hold_capital(OLD.junta_id);
    RETURN OLD;
END
$$;
