-- Writes a time as a source would: ISO 8601 in UTC, to the microsecond.
CREATE OR REPLACE FUNCTION trueup.written_timestamp(p_time TIMESTAMPTZ)
RETURNS TEXT LANGUAGE sql STABLE AS $$
    SELECT to_char(p_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
$$;
