-- Finds what is off after an earlier run, and proposes what brings it right where the source is
-- trusted: rows that it left out and that can be posted now, and for each balance that still
-- differs an entry against the suspense account, dated so that it counts as of the balance's date.
WITH expected AS (
    SELECT
        account_id,
        currency_code,
        expected_balance,
        coalesce(as_of, 'infinity') AS as_of
    FROM trueup.expected_balances
    WHERE run_id = %(corrected)s
), missing AS (
    SELECT
        -- A row that says no time belongs before the balances that it is part of.
        jsonb_build_object(
            'timestampUtc', (
                SELECT trueup.written_timestamp(least(min(as_of), now())) FROM expected
            )
        ) || jsonb_strip_nulls(quarantined.fields) || jsonb_build_object(
            'ledgerId', coalesce(quarantined.fields ->> 'ledgerId', %(ledger_id)s)
        ) AS fields,
        quarantined.position,
        coalesce(
            %(trust)s::JSONB ->> (quarantined.fields ->> 'referenceId'),
            %(trust)s::JSONB ->> '*', 'source'
        ) AS trust,
        quarantined.reason,
        -- What was wrong with a row may have been mended since; what a row itself lacks was not.
        quarantined.reason_code = 'unknown_account'
        AND debited.currency_code = coalesce(quarantined.fields ->> 'currencyCode', 'USD')
        AND credited.currency_code = debited.currency_code IS TRUE AS postable
    FROM trueup.quarantine AS quarantined
    LEFT JOIN bank_accounts AS debited ON debited.id = quarantined.fields ->> 'debitAccountId'
    LEFT JOIN bank_accounts AS credited ON credited.id = quarantined.fields ->> 'creditAccountId'
    WHERE
        quarantined.run_id = %(corrected)s
        AND quarantined.reason_code NOT IN (
            'unreadable_line', 'conflicting_duplicate', 'duplicate_reference', 'reversed_entry'
        )
        AND NOT EXISTS (
            SELECT 1 FROM ledger_entries AS entry
            WHERE
                entry.ledger_id = coalesce(quarantined.fields ->> 'ledgerId', %(ledger_id)s)
                AND entry.reference_id = quarantined.fields ->> 'referenceId'
        )
), posting AS (
    SELECT
        fields ->> 'debitAccountId' AS debit_account_id,
        fields ->> 'creditAccountId' AS credit_account_id,
        (fields ->> 'amount')::NUMERIC AS amount,
        trueup.read_timestamp(fields ->> 'timestampUtc') AS timestamp_utc
    FROM missing
    WHERE postable AND trust = 'source'
), coming AS (
    SELECT expected.account_id, sum(leg.debit) AS debit
    FROM expected
    INNER JOIN (
        SELECT debit_account_id AS account_id, amount AS debit, timestamp_utc FROM posting
        UNION ALL
        SELECT credit_account_id, -amount, timestamp_utc FROM posting
    ) AS leg
        ON leg.account_id = expected.account_id AND leg.timestamp_utc <= expected.as_of
    GROUP BY expected.account_id
), compared AS (
    SELECT
        'expected_balance' AS kind,
        openings.account_id,
        openings.currency_code,
        openings.normal_side,
        expected.expected_balance AS expected,
        openings.unexplained
        + CASE openings.normal_side WHEN 'debit' THEN 1 ELSE -1 END
        * (coalesce(moved.debit, 0) + coalesce(coming.debit, 0)) AS actual,
        expected.as_of,
        coalesce(broken.cause, 'unknown') AS cause
    FROM expected
    INNER JOIN ledger_openings AS openings
        ON
            openings.account_id = expected.account_id
            AND openings.currency_code = expected.currency_code
    LEFT JOIN coming ON coming.account_id = expected.account_id
    LEFT JOIN trueup.breaks AS broken
        ON
            broken.run_id = %(corrected)s
            AND broken.account_id = expected.account_id
            AND broken.currency_code = expected.currency_code
            AND broken.compared_with = 'expected_balances'
    CROSS JOIN LATERAL (
        SELECT sum(CASE leg.side WHEN 'debit' THEN leg.amount ELSE -leg.amount END) AS debit
        FROM ledger_entry_legs AS leg
        WHERE
            leg.account_id = expected.account_id
            AND leg.timestamp_utc <= expected.as_of
            -- What was reversed since is no part of any day, though its reversal is of today.
            AND leg.reverses IS NULL
            AND NOT EXISTS (
                SELECT 1 FROM ledger_entries AS reversal WHERE reversal.reverses = leg.entry_id
            )
    ) AS moved
    UNION ALL
    SELECT
        'stored_balance',
        account_id,
        currency_code,
        normal_side,
        balance - unexplained + opening_balance,
        balance,
        now(),
        'the balance was moved without an entry'
    FROM ledger_openings
    WHERE
        unexplained <> opening_balance
        -- An expected balance says what is right, and what was moved by hand is part of its break.
        AND account_id NOT IN (SELECT account_id FROM expected)
    UNION ALL
    SELECT
        'balance_rule',
        account.id,
        account.currency_code,
        account.normal_side,
        0,
        account.available_balance,
        now(),
        'the available balance is below zero, and the account may not overdraw'
    FROM bank_accounts AS account
    INNER JOIN ledger_openings AS openings ON openings.account_id = account.id
    WHERE
        account.available_balance < 0
        AND NOT account.allow_overdraft
        -- Another finding of the account is its cause, and is corrected first.
        AND openings.unexplained = openings.opening_balance
        AND account.id NOT IN (SELECT account_id FROM expected)
), broken AS (
    SELECT
        compared.*,
        coalesce(
            %(trust)s::JSONB ->> account_id, %(trust)s::JSONB ->> '*', 'source'
        ) AS trust
    FROM compared
    WHERE abs(actual - expected) > %(tolerance)s::NUMERIC
), found AS (
    SELECT
        1 AS place,
        position::TEXT AS ordered,
        'missing_entry' AS kind,
        fields ->> 'referenceId' AS subject,
        coalesce(fields ->> 'currencyCode', 'USD') AS currency_code,
        NULL::NUMERIC AS expected,
        NULL::NUMERIC AS actual,
        CASE
            WHEN postable THEN 'the source has it and the ledger lacks it'
            ELSE 'the source has it and the ledger lacks it; mend the row first: ' || reason
        END AS cause,
        trust,
        CASE WHEN postable AND trust = 'source' THEN 'missing_entry' ELSE 'nothing' END AS proposal,
        fields
    FROM missing
    UNION ALL
    SELECT
        2,
        account_id AS ordered,
        kind,
        account_id AS subject,
        currency_code,
        expected,
        actual,
        cause,
        trust,
        CASE trust WHEN 'source' THEN 'correction' ELSE 'nothing' END,
        jsonb_build_object(
            'ledgerId', %(ledger_id)s,
            'debitAccountId', CASE
                WHEN (expected > actual) = (normal_side = 'debit') THEN account_id
                ELSE %(suspense_account)s || ':' || currency_code
            END,
            'creditAccountId', CASE
                WHEN (expected > actual) = (normal_side = 'debit')
                    THEN %(suspense_account)s || ':' || currency_code
                ELSE account_id
            END,
            'amount', trim_scale(abs(expected - actual))::TEXT,
            'currencyCode', currency_code,
            'transactionType', 'CORRECTION',
            'referenceId', %(prefix)s || left(encode(sha256(convert_to(ROW(
                %(corrected)s, kind, account_id, currency_code, trim_scale(expected),
                trim_scale(actual)
            )::TEXT, 'UTF8')), 'hex'), 32),
            'timestampUtc', trueup.written_timestamp(least(as_of, now())),
            'metadata', jsonb_build_object(
                'corrects', account_id, 'kind', kind, 'expected', trim_scale(expected)::TEXT,
                'actual', trim_scale(actual)::TEXT, 'cause', cause, 'after_run', %(corrected)s
            )::TEXT
        )
    FROM broken
    UNION ALL
    SELECT
        3,
        id AS ordered,
        'balance_rule',
        id AS subject,
        currency_code,
        balance,
        available_balance + reserved_balance,
        'what is available and reserved is not what the balance allows; no entry moves one without '
        || 'the other: mend the hold',
        'source',
        'nothing',
        NULL
    FROM bank_accounts
    WHERE reserved_balance < 0 OR available_balance + reserved_balance > balance
)
INSERT INTO trueup.corrections (
    run_id, number, kind, subject, currency_code, expected, actual, cause, trust, proposal, fields
)
SELECT
    %(run_id)s, row_number() OVER (ORDER BY place, ordered), kind, subject, currency_code, expected,
    actual, cause, trust, proposal, fields
FROM found
