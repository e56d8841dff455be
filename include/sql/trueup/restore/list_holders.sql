-- Lists the other sessions that hold locks on the tables that go, and what they have been at.
SELECT
    session.pid,
    session.usename AS role,
    session.application_name,
    session.state,
    age(clock_timestamp(), session.xact_start)::TEXT AS for_long
FROM pg_stat_activity AS session
WHERE
    session.datname = current_database()
    AND session.pid <> pg_backend_pid()
    AND session.backend_type = 'client backend'
    AND EXISTS (
        SELECT 1
        FROM pg_locks AS held
        INNER JOIN pg_class AS class ON class.oid = held.relation
        WHERE
            held.pid = session.pid
            AND held.granted
            AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND class.relname = any(%(tables)s)
            AND pg_table_is_visible(class.oid)
    )
ORDER BY session.pid
