-- Gives the id of what a run makes for one of its rows: the same one on every attempt.
CREATE OR REPLACE FUNCTION wallet_id_of(p_what TEXT, p_run_id TEXT, p_position BIGINT)
RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$
SELECT md5(p_what || ' ' || p_run_id || ' ' || p_position)::UUID::TEXT
$$;
