-- Gives the id of what a run makes for one of its rows: the same one on every attempt. A UUID of
-- version 8, a hash of kind and run before the number of the row: ids ascend with the rows, so that
-- their indexes grow at one end instead of everywhere.
CREATE OR REPLACE FUNCTION wallet_id_of(p_what TEXT, p_run_id TEXT, p_position BIGINT)
RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$
SELECT overlay(
    overlay(md5(p_what || ' ' || p_run_id) PLACING '8' FROM 13)
    PLACING '8' || lpad(to_hex(p_position), 15, '0') FROM 17
)::UUID::TEXT
$$;
