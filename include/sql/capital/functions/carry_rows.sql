-- Carries the loans or payments of a key range into the shadow table as they are now, whatever was
-- found of them: nothing is lost. Gives the ids of those that were not there yet.
CREATE OR REPLACE FUNCTION carry_rows(
    p_run_id TEXT, p_first_key BIGINT, p_last_key BIGINT, p_kind TEXT, p_table TEXT, p_shadow TEXT
) RETURNS TEXT[] LANGUAGE plpgsql AS $$
DECLARE
    v_carried TEXT[];
BEGIN
    EXECUTE format(
        $sql$
        WITH carried AS (
            INSERT INTO %1$I (%2$s)
            SELECT %3$s
            FROM %4$I AS live
            INNER JOIN trueup.staged_entries AS staged ON staged.source_id = live.id
            WHERE
                staged.run_id = $1
                AND staged.position BETWEEN $2 AND $3
                AND staged.kind = %5$L
            ORDER BY staged.position
            ON CONFLICT (id) DO NOTHING
            RETURNING id
        )
        SELECT coalesce(array_agg(id), '{}') FROM carried
        $sql$,
        p_shadow,
        carried_columns(format('%I', p_table)::REGCLASS),
        carried_columns(format('%I', p_table)::REGCLASS, 'live'),
        p_table,
        p_kind
    ) INTO v_carried USING p_run_id, p_first_key, p_last_key;
    RETURN v_carried;
END
$$;
