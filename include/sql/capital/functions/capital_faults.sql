-- Movements that no rule of capital allows, and rules that do not stand or were never proved. Types
-- and directions are asked for by name: a CASE that knows INCREASE only takes every other word for
-- a decrease.
CREATE OR REPLACE FUNCTION capital_faults() RETURNS TABLE (subject TEXT, cause TEXT)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF to_regclass('capital_movements') IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT
        'movement ' || movement.id,
        format(
            'It is of the type %s, goes the way %s and has the amount %s.',
            movement.type, movement.direction, movement.amount
        )
    FROM capital_movements AS movement
    WHERE
        (
            movement.amount > 0
            AND (movement.type, movement.direction) IN (
                ('ACCION', 'INCREASE'), ('MULTA', 'INCREASE'), ('PAGO', 'INCREASE'),
                ('PRESTAMO', 'DECREASE')
            )
        ) IS NOT TRUE
    UNION ALL
    SELECT
        'constraint ' || made.conname,
        format('It stands on %s and was never validated.', made.conrelid::REGCLASS)
    FROM pg_constraint AS made
    WHERE
        NOT made.convalidated
        AND made.conrelid IN (
            'capital_movements'::REGCLASS, carried_table('Prestamo'), carried_table('PagoPrestamo')
        )
    UNION ALL
    SELECT
        format('trigger %s of "%s"', wanted.name, wanted.of_table),
        'It is off or gone: what is written there is not followed.'
    FROM capital_followers() AS wanted
    WHERE NOT EXISTS (
        SELECT 1 FROM pg_trigger AS made
        WHERE
            made.tgrelid = to_regclass(format('%I', wanted.of_table))
            AND made.tgenabled IN ('O', 'A')
            AND made.tgname = wanted.name
    );
END
$$;
