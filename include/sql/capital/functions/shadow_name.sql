-- What an index or a table of the app is called in the shadow, as long as the app's own has the
-- name.
CREATE OR REPLACE FUNCTION shadow_name(p_name TEXT)
RETURNS TEXT LANGUAGE sql IMMUTABLE
RETURN left(p_name, 50) || ' ' || left(md5(p_name), 4) || ' new';
