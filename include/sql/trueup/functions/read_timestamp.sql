-- Reads an ISO 8601 time, NULL when it is none or does not exist. The shape comes first: PostgreSQL
-- also reads "tomorrow" and dates of two meanings. CASE keeps the cast behind the checks.
CREATE OR REPLACE FUNCTION trueup.read_timestamp(p_text TEXT)
RETURNS TIMESTAMPTZ LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN
            p_text ~ (
                '^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?'
                || '(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?$'
            )
            AND trueup.is_valid_input(p_text, 'timestamptz')
            THEN p_text::TIMESTAMPTZ
    END
$$;
