-- How the tables in which money is exact are made otherwise than those of the app beside them, in
-- words: what one has and the other has not is lost when they are exchanged. That amounts have
-- another type is meant. None where nothing stands beside.
CREATE OR REPLACE FUNCTION carried_changes()
RETURNS TABLE (change TEXT) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT format(
        'the %s of %s %s',
        concat_ws(' ', coalesce(new.part, old.part), nullif(coalesce(new.name, old.name), '')),
        coalesce(new.of_table, old.of_table)::REGCLASS,
        CASE
            WHEN old.said IS NULL OR new.said IS NULL
                THEN 'is not on ' || coalesce(old.beside, new.beside)::REGCLASS
            ELSE 'is another on ' || old.of_table::REGCLASS
        END
    )
    FROM (
        SELECT app.name AS app, shape.part, shape.name, shape.said, app_table(app.name) AS of_table,
            carried_table(app.name) AS beside
        FROM (VALUES ('Prestamo'), ('PagoPrestamo')) AS app (name)
        CROSS JOIN LATERAL capital_shape(app_table(app.name), carried_table(app.name)) AS shape
        WHERE app_table(app.name) <> carried_table(app.name)
    ) AS old
    FULL JOIN (
        SELECT app.name AS app, shape.part, shape.name, shape.said,
            carried_table(app.name) AS of_table, app_table(app.name) AS beside
        FROM (VALUES ('Prestamo'), ('PagoPrestamo')) AS app (name)
        CROSS JOIN LATERAL capital_shape(carried_table(app.name), app_table(app.name)) AS shape
        WHERE app_table(app.name) <> carried_table(app.name)
    ) AS new ON new.app = old.app AND new.part = old.part AND new.name = old.name
    WHERE
        new.said IS DISTINCT FROM old.said
        AND (
            (new.part = 'column' AND new.name <> 'amount')
            OR unlike_amounts(new.said) IS DISTINCT FROM unlike_amounts(old.said)
        );
END
$$;
