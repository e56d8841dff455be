-- Notes what a statement over movements brought each junta. As the owner: the app writes as a role
-- of its own, which knows nothing of a migration.
CREATE OR REPLACE FUNCTION note_capital() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO trueup.capital_deltas (junta_id, base, current)
        SELECT
            junta_id,
            coalesce(sum(amount) FILTER (WHERE type = 'ACCION'), 0),
            sum(signed_amount(direction, amount))
        FROM these
        GROUP BY junta_id;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO trueup.capital_deltas (junta_id, base, current)
        SELECT
            junta_id,
            -coalesce(sum(amount) FILTER (WHERE type = 'ACCION'), 0),
            -sum(signed_amount(direction, amount))
        FROM those
        GROUP BY junta_id;
    ELSE
        INSERT INTO trueup.capital_deltas (junta_id, base, current)
        SELECT
            junta_id,
            coalesce(sum(sign * amount) FILTER (WHERE type = 'ACCION'), 0),
            sum(sign * signed_amount(direction, amount))
        FROM (
            SELECT 1 AS sign, junta_id, type, direction, amount FROM these
            UNION ALL
            SELECT -1, junta_id, type, direction, amount FROM those
        ) AS changed
        GROUP BY junta_id;
    END IF;
    RETURN NULL;
END
$$;

-- Attached to a table of somebody's own, it would do there with our rights what they tell it.
REVOKE EXECUTE ON FUNCTION note_capital() FROM public;
