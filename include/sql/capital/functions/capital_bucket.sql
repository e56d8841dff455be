-- The bucket of a junta among those that are held while it is written to: the server's table of
-- locks is small and there may be many juntas. History is posted bucket by bucket, so that two
-- workers do not meet.
CREATE OR REPLACE FUNCTION capital_bucket(p_junta_id TEXT)
RETURNS INTEGER LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hashtext(coalesce(p_junta_id, '')) & 255;
