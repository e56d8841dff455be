-- The number itself, for an app whose amounts are numeric already. None for what is no number.
CREATE OR REPLACE FUNCTION exact_amount(p_amount NUMERIC)
RETURNS NUMERIC LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN p_amount NOT IN ('NaN', 'Infinity', '-Infinity') THEN p_amount
END;
