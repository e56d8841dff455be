-- Sorts staged rows by what the rules of capital say of each. A loan that moves capital is held
-- against what its junta had at that time: all that could be booked until then, what brings capital
-- before what takes it. One above that is booked all the same, and flagged: to refuse what happened
-- would leave its payments without a loan.
WITH judged AS MATERIALIZED (
    SELECT
        staged.position,
        staged.kind,
        staged.source_id,
        staged.junta_id,
        staged.word,
        staged.amount,
        staged.occurred_at,
        staged.raw,
        capital_verdict(
            staged.kind, staged.word, staged.amount, junta.id, staged.occurred_at
        ) AS verdict
    FROM trueup.staged_entries AS staged
    LEFT JOIN "Junta" AS junta ON junta.id = staged.junta_id
    WHERE
        staged.run_id = %(run_id)s
        AND (
            %(after_position)s = 0
            OR staged.position > %(after_position)s
            -- What came before the new rows of a junta is what its loans are held against.
            OR staged.junta_id IN (
                SELECT junta_id FROM trueup.staged_entries
                WHERE run_id = %(run_id)s AND position > %(after_position)s
            )
        )
), running AS (
    SELECT
        *,
        capital_moves(kind, word) AS moves,
        sum(CASE
            WHEN NOT capital_moves(kind, word) THEN 0
            WHEN kind = 'PRESTAMO' THEN -amount
            ELSE amount
        END) OVER (
            PARTITION BY junta_id
            ORDER BY occurred_at, kind = 'PRESTAMO', source_id
            ROWS UNBOUNDED PRECEDING
        ) AS capital
    FROM judged
    WHERE verdict IS NULL
), prepared AS (
    INSERT INTO trueup.prepared_entries (
        run_id, position, kind, source_id, junta_id, amount, occurred_at, moves, over_available
    )
    SELECT
        %(run_id)s,
        position,
        kind,
        source_id,
        junta_id,
        amount,
        occurred_at,
        moves,
        moves AND kind = 'PRESTAMO' AND capital < 0
    FROM running
    WHERE position > %(after_position)s
)
INSERT INTO trueup.quarantine (run_id, position, stage, reason_code, reason, raw, fields)
SELECT
    %(run_id)s,
    position,
    'validate',
    verdict,
    format('%%s %%s: ', kind, source_id) || CASE verdict
        WHEN 'unknown_junta' THEN CASE kind
            WHEN 'PAGO' THEN 'it pays no loan of a junta.'
            ELSE format('its junta, %%s, is not there.', coalesce(junta_id, '(none)'))
        END
        WHEN 'invalid_amount' THEN format(
            'the amount must be a number above zero; it is %%s.', coalesce(amount::TEXT, 'none')
        )
        WHEN 'excess_precision' THEN format(
            'the amount %%s is not in whole cents, and nothing is rounded.', amount
        )
        WHEN 'unknown_status' THEN format(
            'the status %%s is none that the rules know: %%s.',
            coalesce(word, '(none)'),
            CASE kind
                WHEN 'PRESTAMO' THEN 'PENDING, APPROVED, REJECTED, PAID'
                ELSE 'PENDING, PAID'
            END
        )
        ELSE 'it has no time at which it happened.'
    END,
    raw,
    jsonb_build_object(
        'kind', kind, 'id', source_id, 'juntaId', junta_id, 'amount', amount::TEXT, 'status', word
    )
FROM judged
WHERE verdict IS NOT NULL AND position > %(after_position)s
