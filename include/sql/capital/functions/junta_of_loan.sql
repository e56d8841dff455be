-- The junta of a loan; its payments are that junta's, too.
CREATE OR REPLACE FUNCTION junta_of_loan(p_prestamo_id TEXT) RETURNS TEXT
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT junta_id FROM "Prestamo" WHERE id = p_prestamo_id);
END
$$;
