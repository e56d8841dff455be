-- Lists the other sessions that hold locks on the tables that go or on those whose keys lead to
-- them, and what they have been at.
WITH going AS (
    SELECT oid FROM pg_class
    WHERE relname = any(%(tables)s) AND pg_table_is_visible(oid)
), locked AS (
    SELECT oid FROM going
    UNION
    SELECT conrelid FROM pg_constraint WHERE confrelid IN (SELECT oid FROM going)
)
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
        INNER JOIN locked ON locked.oid = held.relation
        WHERE
            held.pid = session.pid
            AND held.granted
            AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    )
ORDER BY session.pid
