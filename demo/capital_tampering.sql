-- Waits until the whole history is filled in, and then exchanges the amounts of two movements of
-- one junta and one kind: every total stays what it was.
DO $$
DECLARE
    waited INTEGER := 0;
BEGIN
    LOOP
        PERFORM FROM trueup.run_ranges INNER JOIN trueup.runs USING (run_id)
        WHERE NOT dry_run AND status = 'posting' AND run_ranges.checkpoint_key >= run_ranges.last_key;
        EXIT WHEN FOUND;
        waited := waited + 1;
        IF waited > 6000 THEN
            RAISE EXCEPTION 'No migration has filled anything in within ten minutes.';
        END IF;
        COMMIT;
        PERFORM pg_sleep(0.1);
    END LOOP;
    WITH pair AS (
        SELECT one.id AS first_id, other.id AS second_id, one.amount AS first, other.amount AS second
        FROM capital_movements AS one
        INNER JOIN capital_movements AS other
            ON other.junta_id = one.junta_id AND other.type = one.type AND other.amount <> one.amount
        WHERE one.type = 'PAGO'
        ORDER BY one.id, other.id
        LIMIT 1
    )
    UPDATE capital_movements
    SET amount = CASE id WHEN first_id THEN second ELSE first END
    FROM pair
    WHERE id IN (first_id, second_id);
END;
$$;
