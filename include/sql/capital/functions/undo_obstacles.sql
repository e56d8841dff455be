-- Says, in words, what keeps a migration from being taken back without a loss. It is asked before
-- anything is changed, and once more under the lock.
CREATE OR REPLACE FUNCTION undo_obstacles(p_run_id TEXT)
RETURNS TABLE (obstacle TEXT) LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_migration trueup.capital_migrations;
    v_found TEXT;
BEGIN
    SELECT * INTO v_migration FROM trueup.capital_migrations WHERE run_id = p_run_id;
    IF NOT FOUND OR v_migration.undone_at IS NOT NULL THEN
        RETURN;
    END IF;
    IF v_migration.cut_over_at IS NOT NULL THEN
        RETURN QUERY
        SELECT format(
            'The table "%s" is gone, and with it what the app would go back to. Take run %s back '
            'with mode restore: it brings the tables of the backup.',
            kept.name, p_run_id
        )
        FROM (VALUES ('PagoPrestamoOld'), ('PrestamoOld')) AS kept (name)
        WHERE to_regclass(format('%I', kept.name)) IS NULL;
        IF FOUND THEN
            RETURN;
        END IF;
        SELECT string_agg(change, '; ' ORDER BY change) INTO v_found
        FROM (
            SELECT change FROM shape_changes(p_run_id)
            UNION
            SELECT change FROM carried_changes()
        ) AS changes;
        IF v_found IS NOT NULL THEN
            obstacle := format(
                'The tables have been altered since run %s began: %s. An undo would lose it, and '
                'could not be proved. Take that back and make it anew after the undo, or take the '
                'run back with mode restore; nothing was changed.',
                p_run_id, v_found
            );
            RETURN NEXT;
        END IF;
        SELECT format('%s, the first is %s of "%s"', count(*), min(row_id), min(table_name))
        INTO v_found
        FROM shadow_differences()
        HAVING count(*) > 0;
        IF v_found IS NOT NULL THEN
            obstacle := format(
                'Rows do not stand in the old tables as in the new ones (%s): they were written '
                'past the triggers, and an undo would lose that. Write them once more through the '
                'triggers (runbook, lagging_rows); nothing was changed.',
                v_found
            );
            RETURN NEXT;
        END IF;
    END IF;
    SELECT string_agg(dependent, '; ' ORDER BY dependent) INTO v_found FROM capital_dependents();
    IF v_found IS NOT NULL THEN
        obstacle := format(
            'Something else is bound to what the migration made: %s. Drop it, and create it anew '
            'after the undo if it still has a meaning; nothing was changed.',
            v_found
        );
        RETURN NEXT;
    END IF;
END
$$;
