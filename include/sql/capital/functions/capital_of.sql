-- What capital a junta has: its column says so, or before the cutover all that was noted of it.
CREATE OR REPLACE FUNCTION capital_of(p_junta_id TEXT) RETURNS NUMERIC LANGUAGE plpgsql AS $$
BEGIN
    IF is_capital_tracked() THEN
        RETURN (SELECT current_capital FROM "Junta" WHERE id = p_junta_id);
    END IF;
    RETURN (
        SELECT coalesce(sum(current), 0) FROM trueup.capital_deltas WHERE junta_id = p_junta_id
    );
END
$$;
