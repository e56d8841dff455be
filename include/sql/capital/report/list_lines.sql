-- Gives the run's summary line by line: what was found and booked, the historic loans above the
-- capital of their time, and the capital of every junta.
WITH asked AS (
    SELECT dry_run, figures FROM trueup.runs WHERE run_id = %(run_id)s
), flagged AS (
    SELECT source_id, junta_id, amount, occurred_at
    FROM trueup.prepared_entries
    WHERE run_id = %(run_id)s AND over_available
    ORDER BY occurred_at, source_id
    LIMIT 1000
), capital AS (
    SELECT
        junta_id,
        name,
        base,
        current,
        over_available
    FROM capital_books()
    UNION ALL
    -- Nothing is cut over in a dry run: what would be.
    SELECT
        prepared.junta_id,
        max(junta.name),
        coalesce(sum(prepared.amount) FILTER (WHERE prepared.kind = 'ACCION'), 0),
        coalesce(sum(
            CASE WHEN prepared.kind = 'PRESTAMO' THEN -prepared.amount ELSE prepared.amount END
        ) FILTER (WHERE prepared.moves), 0),
        count(*) FILTER (WHERE prepared.over_available)
    FROM trueup.prepared_entries AS prepared
    LEFT JOIN "Junta" AS junta ON junta.id = prepared.junta_id
    WHERE prepared.run_id = %(run_id)s AND (SELECT dry_run FROM asked)
    GROUP BY prepared.junta_id
)
SELECT line
FROM (
    SELECT 1 AS part, 1::BIGINT AS number, 'Capital Tracking Migration' AS line
    UNION ALL
    SELECT 1, 2, 'DRY RUN - nothing was changed' FROM asked WHERE dry_run
    UNION ALL
    SELECT 1, 3, format(
        'Rows: %%s acciones, %%s multas, %%s prestamos, %%s pagos over %%s juntas',
        figures -> 'audit' ->> 'acciones', figures -> 'audit' ->> 'multas',
        figures -> 'audit' ->> 'prestamos', figures -> 'audit' ->> 'pagos',
        figures -> 'audit' ->> 'accounts'
    ) FROM asked
    UNION ALL
    SELECT 1, 4, format(
        'Movements: %%s; rows that cannot be booked: %%s',
        figures -> 'verdicts' ->> 'movements', figures -> 'verdicts' ->> 'quarantined'
    ) FROM asked
    UNION ALL
    SELECT 2, row_number() OVER (ORDER BY occurred_at, source_id), format(
        'Above the available capital of its time, booked and flagged: loan %%s of %%s, %%s, %%s',
        source_id, junta_id, amount, to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')
    ) FROM flagged
    UNION ALL
    SELECT 3, row_number() OVER (ORDER BY junta_id), format(
        'Junta %%s (%%s): base %%s, current and available %%s', name, junta_id, base, current
    ) FROM capital
) AS lines
ORDER BY part, number
