-- Every junta's capital as its columns tell it, and as its movements do; none before a migration
-- has cut over.
CREATE OR REPLACE FUNCTION capital_books()
RETURNS TABLE (
    junta_id TEXT,
    name TEXT,
    base NUMERIC,
    current NUMERIC,
    available NUMERIC,
    booked_base NUMERIC,
    booked NUMERIC,
    movements BIGINT,
    over_available BIGINT
) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    IF NOT is_capital_tracked() THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT
        junta.id,
        junta.name,
        junta.base_capital,
        junta.current_capital,
        junta.available_capital,
        coalesce(moved.base, 0),
        coalesce(moved.current, 0),
        coalesce(moved.rows, 0),
        coalesce(moved.over_available, 0)
    FROM "Junta" AS junta
    LEFT JOIN (
        SELECT
            junta_id,
            coalesce(sum(amount) FILTER (WHERE type = 'ACCION'), 0) AS base,
            sum(signed_amount(direction, amount)) AS current,
            count(*) AS rows,
            count(*) FILTER (WHERE over_available) AS over_available
        FROM capital_movements
        GROUP BY junta_id
    ) AS moved ON moved.junta_id = junta.id;
END
$$;
