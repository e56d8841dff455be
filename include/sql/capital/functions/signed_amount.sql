-- What a movement brings a junta's capital.
CREATE OR REPLACE FUNCTION signed_amount(p_direction TEXT, p_amount NUMERIC)
RETURNS NUMERIC LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE p_direction WHEN 'INCREASE' THEN p_amount WHEN 'DECREASE' THEN -p_amount END;
