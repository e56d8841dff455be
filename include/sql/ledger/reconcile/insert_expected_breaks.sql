-- Holds the ledger against the source's own balances, as of their date, and names likely causes.
-- The ledger's figure is opening balance plus entries up to as_of; reversed ones and their
-- reversals, which are of another day, aside. Difference: ledger less source.
WITH expected AS (
    SELECT
        account_id,
        currency_code,
        expected_balance,
        as_of
    FROM trueup.expected_balances
    WHERE run_id = %(run_id)s
), legs AS (
    SELECT
        expected.account_id,
        entry.run_id,
        entry.ledger_id,
        entry.reference_id,
        CASE account.normal_side WHEN 'debit' THEN entry.amount ELSE -entry.amount END AS effect
    FROM expected
    INNER JOIN bank_accounts AS account
        ON account.id = expected.account_id AND account.currency_code = expected.currency_code
    INNER JOIN ledger_entries AS entry
        ON
            entry.debit_account_id = account.id
            AND entry.timestamp_utc <= expected.as_of
            AND entry.reverses IS NULL
    WHERE NOT EXISTS (SELECT 1 FROM ledger_entries AS later WHERE later.reverses = entry.id)
    UNION ALL
    SELECT
        expected.account_id,
        entry.run_id,
        entry.ledger_id,
        entry.reference_id,
        CASE account.normal_side WHEN 'debit' THEN -entry.amount ELSE entry.amount END
    FROM expected
    INNER JOIN bank_accounts AS account
        ON account.id = expected.account_id AND account.currency_code = expected.currency_code
    INNER JOIN ledger_entries AS entry
        ON
            entry.credit_account_id = account.id
            AND entry.timestamp_utc <= expected.as_of
            AND entry.reverses IS NULL
    WHERE NOT EXISTS (SELECT 1 FROM ledger_entries AS later WHERE later.reverses = entry.id)
), moved AS (
    SELECT account_id, sum(effect) AS effect, count(*) AS entries FROM legs GROUP BY account_id
), compared AS (
    SELECT
        expected.account_id,
        expected.currency_code,
        expected.expected_balance AS expected,
        -- In another currency than its own an account holds nothing.
        coalesce(baseline.opening_balance, 0) + coalesce(moved.effect, 0) AS actual,
        coalesce(baseline.opening_balance, 0) AS opening,
        coalesce(moved.entries, 0) AS entries,
        account.id IS NOT NULL AS known,
        account.currency_code AS kept_in,
        account.normal_side,
        coalesce(currency.minor_unit, 0) AS minor_unit
    FROM expected
    LEFT JOIN bank_accounts AS account ON account.id = expected.account_id
    LEFT JOIN trueup.baseline_accounts AS baseline
        ON
            baseline.run_id = %(run_id)s
            AND baseline.account_id = expected.account_id
            AND baseline.currency_code = expected.currency_code
    LEFT JOIN moved
        ON
            moved.account_id = expected.account_id
            AND account.currency_code = expected.currency_code
    LEFT JOIN trueup.currencies AS currency ON currency.code = expected.currency_code
), broken AS (
    SELECT compared.*, actual - expected AS difference
    FROM compared
    WHERE
        abs(actual - expected) > %(tolerance)s::NUMERIC
        OR kept_in IS DISTINCT FROM currency_code
), unposted AS (
    SELECT
        leg.account_id,
        CASE (leg.side = 'debit') = (broken.normal_side = 'debit')
            WHEN TRUE THEN leg.amount ELSE -leg.amount
        END AS effect
    FROM (
        SELECT
            fields ->> 'debitAccountId' AS account_id,
            'debit' AS side,
            (fields ->> 'amount')::NUMERIC AS amount
        FROM trueup.quarantine
        WHERE run_id = %(run_id)s AND fields ->> 'amount' ~ '^[0-9]{1,30}(\.[0-9]{1,30})?$'
        UNION ALL
        SELECT fields ->> 'creditAccountId', 'credit', (fields ->> 'amount')::NUMERIC
        FROM trueup.quarantine
        WHERE run_id = %(run_id)s AND fields ->> 'amount' ~ '^[0-9]{1,30}(\.[0-9]{1,30})?$'
    ) AS leg
    INNER JOIN broken ON broken.account_id = leg.account_id
)
INSERT INTO trueup.breaks (
    run_id, account_id, currency_code, compared_with, expected, actual, cause
)
SELECT
    %(run_id)s,
    broken.account_id,
    broken.currency_code,
    'expected_balances',
    broken.expected,
    broken.actual,
    CASE
        WHEN NOT broken.known THEN 'unknown: the ledger has no such account'
        WHEN broken.kept_in <> broken.currency_code
            THEN format('unknown: the account is kept in %%s', broken.kept_in)
        WHEN broken.opening <> 0 AND broken.difference = broken.opening
            THEN 'opening balance: the source does not know it'
        WHEN EXISTS (
            SELECT 1 FROM unposted
            WHERE
                unposted.account_id = broken.account_id
                AND unposted.effect = -broken.difference
        ) THEN 'missing entry: a quarantined row has this amount'
        WHEN EXISTS (
            SELECT 1 FROM legs
            WHERE
                legs.account_id = broken.account_id
                AND legs.effect = broken.difference
                AND legs.run_id IS DISTINCT FROM %(run_id)s
                -- A replayed entry was posted by an earlier run, but this source delivered it too.
                AND NOT EXISTS (
                    SELECT 1 FROM trueup.prepared_entries AS delivered
                    WHERE
                        delivered.run_id = %(run_id)s
                        AND delivered.ledger_id = legs.ledger_id
                        AND delivered.reference_id = legs.reference_id
                )
        ) THEN 'extra entry: one that this source did not deliver has this amount'
        -- Half a minor unit per entry is what rounding alone can add up to; past a few units it
        -- is no longer the likely cause.
        WHEN
            abs(broken.difference)
            <= least(0.5 * broken.entries, 5) * power(10::NUMERIC, -broken.minor_unit)
            THEN 'rounding'
        WHEN EXISTS (
            SELECT 1 FROM legs
            WHERE
                legs.account_id = broken.account_id
                AND abs(legs.effect) = abs(broken.difference)
        ) THEN 'one entry''s amount equals the difference'
        ELSE 'unknown'
    END
FROM broken
