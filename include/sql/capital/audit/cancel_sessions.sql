-- Cancels what other sessions do with the app's tables for more than a second, and ends those that
-- sit on them in an idle transaction: cancelling does not move them. Only when it was asked for.
SELECT
    session.pid,
    session.usename AS role,
    session.application_name,
    session.state,
    CASE
        WHEN session.state = 'active' THEN pg_cancel_backend(session.pid)
        ELSE pg_terminate_backend(session.pid)
    END AS done
FROM pg_stat_activity AS session
WHERE
    session.datname = current_database()
    AND session.pid <> pg_backend_pid()
    AND coalesce(session.backend_type, 'client backend') = 'client backend'
    AND session.usename IS NOT NULL
    AND session.application_name NOT LIKE 'trueup %%'
    -- Hidden from us, it is tried all the same: then it is said which right is missing.
    AND coalesce(session.xact_start < clock_timestamp() - INTERVAL '1 second', TRUE)
    AND EXISTS (
        SELECT 1
        FROM pg_locks AS held
        INNER JOIN pg_class AS class ON class.oid = held.relation
        WHERE
            held.pid = session.pid
            AND class.relname IN (
                'Junta', 'Prestamo', 'PagoPrestamo', 'PrestamoOld', 'PagoPrestamoOld',
                'PrestamoNew', 'PagoPrestamoNew', 'Accion', 'Multa', 'capital_movements'
            )
    )
ORDER BY session.pid
