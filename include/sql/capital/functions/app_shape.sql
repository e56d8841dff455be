-- What the app's tables are made of, as they stood before a migration or would stand without it.
CREATE OR REPLACE FUNCTION app_shape()
RETURNS TABLE (of_table TEXT, part TEXT, name TEXT, said TEXT) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT app.name, shape.part, shape.name, shape.said
    FROM unnest('{Junta,Prestamo,PagoPrestamo,Accion,Multa}'::TEXT[]) AS app (name)
    CROSS JOIN LATERAL capital_shape(app_table(app.name), carried_table(app.name)) AS shape;
END
$$;
