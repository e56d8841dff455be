-- The decimal number that a short float was written as: on its way to a longer one it would get
-- digits that nobody wrote.
CREATE OR REPLACE FUNCTION exact_amount(p_amount REAL)
RETURNS NUMERIC LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    WHEN p_amount IS NULL OR p_amount IN ('NaN', 'Infinity', '-Infinity') THEN NULL
    ELSE p_amount::TEXT::NUMERIC
END;
