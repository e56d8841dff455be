-- The decimal number that a float was written as: its shortest digits, not its first fifteen. None
-- for what is no number. Whatever the session thinks of floats.
CREATE OR REPLACE FUNCTION exact_amount(p_amount DOUBLE PRECISION)
RETURNS NUMERIC LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    WHEN p_amount IS NULL OR p_amount IN ('NaN', 'Infinity', '-Infinity') THEN NULL
    ELSE p_amount::TEXT::NUMERIC
END;
