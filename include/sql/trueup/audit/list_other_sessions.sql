-- Lists other sessions in this database, and which tables each has locked: live books are fine, but
-- one who sits on a table delays the moments in which it must be locked.
SELECT
    session.pid,
    session.usename AS role,
    session.application_name,
    session.state,
    (session.xact_start < now() - INTERVAL '5 minutes') AS long_transaction,
    (
        SELECT string_agg(DISTINCT class.relname, ', ' ORDER BY class.relname)
        FROM pg_locks AS held
        INNER JOIN pg_class AS class ON class.oid = held.relation
        WHERE
            held.pid = session.pid
            AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND class.relkind IN ('r', 'p')
            AND class.relnamespace = 'public'::REGNAMESPACE
    ) AS locked_tables
FROM pg_stat_activity AS session
WHERE
    session.datname = current_database()
    AND session.pid <> pg_backend_pid()
    -- What a session of another role is at may be hidden from ours; that it is there is not.
    AND coalesce(session.backend_type, 'client backend') = 'client backend'
    AND session.usename IS NOT NULL
ORDER BY session.pid
