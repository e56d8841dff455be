-- Who else has a lock on tables, in words: sessions, and what the server does by itself.
CREATE OR REPLACE FUNCTION keepers_of(p_tables TEXT[])
RETURNS SETOF TEXT LANGUAGE sql VOLATILE AS $$
    SELECT CASE
        -- What it is may be hidden from our role.
        WHEN session.usename IS NULL
            THEN format('%s %s', coalesce(session.backend_type, 'autovacuum or the like'), session.pid)
        ELSE format(
            'session %s of %s (%s)', session.pid, session.usename,
            coalesce(nullif(session.application_name, ''), 'no name')
        )
    END
    FROM pg_stat_activity AS session
    WHERE
        session.pid <> pg_backend_pid()
        AND EXISTS (
            SELECT 1
            FROM pg_locks AS held
            WHERE
                held.pid = session.pid
                AND held.granted
                AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND held.relation IN (
                    SELECT to_regclass(format('%I', name)) FROM unnest(p_tables) AS name
                )
        )
    ORDER BY session.pid
$$;
