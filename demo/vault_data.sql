-- Fills a vault's empty tables with users, accounts and three years of money that moved between
-- them. The same numbers give the same rows: ids and amounts are drawn from hashes. Money that
-- leaves a wallet was topped up before. Oddities have users of their own and disturb nobody.
CREATE OR REPLACE FUNCTION pg_temp.named(name TEXT) RETURNS UUID
LANGUAGE sql IMMUTABLE RETURN md5(name)::UUID;

-- A number from 0 up to 1 that looks like chance.
CREATE OR REPLACE FUNCTION pg_temp.draw(name TEXT, number BIGINT) RETURNS NUMERIC
LANGUAGE sql IMMUTABLE RETURN ('x' || left(md5(name || number), 7))::BIT(28)::INTEGER / 268435456.0;

CREATE TEMPORARY TABLE odd (number BIGINT, kind TEXT, user_number BIGINT) ON COMMIT DROP;
INSERT INTO odd
SELECT
    %(deposits)s + kinds.position,
    kinds.kind,
    %(users)s + kinds.user_number
FROM (
    VALUES
    (1, 'residue', 1), (2, 'residue', 2), (3, 'no entries', 3), (4, 'no entries', 4),
    (5, 'no wallet leg', 5), (6, 'no pool leg', 6), (7, 'no user', 7), (8, 'twin', 8),
    (9, 'twin', 8), (10, 'twin', 9), (11, 'twin', 9), (12, 'no lock', 10), (13, 'no lock', 11),
    (14, 'no lock', 12), (15, 'withdrawn', 13), (16, 'withdrawn', 14), (17, 'withdrawn', 14)
) AS kinds (position, kind, user_number)
WHERE %(oddities)s;

-- Every deposit with all that is drawn about it; the skew gives some users many and most a few.
CREATE TEMPORARY TABLE deposit ON COMMIT DROP AS
WITH drawn AS (
    SELECT
        number,
        NULL AS kind,
        1 + floor(%(users)s * pg_temp.draw('user', number) ^ 2)::BIGINT AS user_number,
        CASE WHEN pg_temp.draw('vault', number) < 0.9 THEN 'AVENIR' ELSE 'FLEX' END AS vault_code,
        CASE WHEN mod(number, 25) = 7 THEN 'USD' ELSE 'AED' END AS currency,
        mod(number, 20) != 3 AS tells_currency,
        CASE
            WHEN pg_temp.draw('status', number) < 0.94 THEN 'COMPLETED'
            WHEN pg_temp.draw('status', number) < 0.96 THEN 'PENDING'
            WHEN pg_temp.draw('status', number) < 0.98 THEN 'FAILED'
            ELSE 'CANCELLED'
        END AS status,
        round(100 + 50000 * pg_temp.draw('amount', number) ^ 3, 2) AS amount,
        TIMESTAMPTZ '2023-01-01 00:00:00+00'
        + floor(pg_temp.draw('day', number) * 1095) * INTERVAL '1 day' AS midnight,
        CASE
            -- Half an hour before midnight in New York's winter: the next day in UTC.
            WHEN mod(number, 50) = 9 THEN INTERVAL '28 hours 30 minutes'
            ELSE floor(pg_temp.draw('second', number) * 86400) * INTERVAL '1 second'
        END AS since_midnight
    FROM generate_series(1, %(deposits)s) AS number
    UNION ALL
    SELECT
        number,
        kind,
        user_number,
        'AVENIR',
        'AED',
        TRUE,
        'COMPLETED',
        CASE kind
            WHEN 'residue' THEN 1000.00000001
            WHEN 'twin' THEN 750.00
            ELSE 1000 + mod(number, 7) * 100
        END,
        TIMESTAMPTZ '2023-03-01 00:00:00+00' + mod(user_number, 30) * INTERVAL '1 day',
        INTERVAL '9 hours' + mod(number, 60) * INTERVAL '1 minute'
    FROM odd
)
SELECT
    drawn.*,
    pg_temp.named('deposit ' || number) AS operation_id,
    pg_temp.named('user ' || user_number) AS user_id,
    pg_temp.named('vault ' || vault_code) AS vault_id,
    pg_temp.named(
        CASE WHEN kind = 'no user' THEN 'stray wallet ' ELSE 'wallet ' END
        || user_number || ' ' || currency
    ) AS wallet_id,
    pg_temp.named('pool ' || vault_code || ' ' || currency) AS pool_id,
    midnight + since_midnight AS created_at,
    -- A lock that names no operation is found by its day and amount: only where that is certain.
    count(*) OVER (
        PARTITION BY user_number, currency, ((midnight + since_midnight) AT TIME ZONE 'UTC')::DATE
    ) AS same_day
FROM drawn;

ANALYZE deposit;

INSERT INTO users (id, email, created_at)
SELECT
    pg_temp.named('user ' || number),
    'user' || number || '@vault.example',
    TIMESTAMPTZ '2022-12-01 00:00:00+00'
FROM generate_series(1, %(users)s + (SELECT count(DISTINCT user_number) FROM odd)) AS number;

INSERT INTO vaults (id, code, name, created_at)
SELECT
    pg_temp.named('vault ' || code),
    code,
    name,
    TIMESTAMPTZ '2022-12-01 00:00:00+00'
FROM (VALUES ('AVENIR', 'Vault Avenir'), ('FLEX', 'Vault Flex')) AS vault (code, name);

INSERT INTO accounts (id, user_id, vault_id, account_type, currency, created_at)
SELECT
    pg_temp.named(prefix || ' ' || number || ' ' || currency),
    pg_temp.named('user ' || number),
    NULL,
    account_type,
    currency,
    TIMESTAMPTZ '2022-12-01 00:00:00+00'
FROM generate_series(1, %(users)s + (SELECT count(DISTINCT user_number) FROM odd)) AS number
CROSS JOIN (VALUES ('wallet', 'WALLET_AVAILABLE'), ('locked', 'WALLET_LOCKED'))
    AS kind (prefix, account_type)
CROSS JOIN (VALUES ('AED'), ('USD')) AS money (currency)
UNION ALL
SELECT
    pg_temp.named('pool ' || code || ' ' || currency),
    NULL,
    pg_temp.named('vault ' || code),
    'VAULT_POOL_CASH',
    currency,
    TIMESTAMPTZ '2022-12-01 00:00:00+00'
FROM (VALUES ('AVENIR'), ('FLEX')) AS vault (code)
CROSS JOIN (VALUES ('AED'), ('USD')) AS money (currency)
UNION ALL
SELECT
    pg_temp.named('omnibus ' || currency),
    NULL,
    NULL,
    'INTERNAL_OMNIBUS',
    currency,
    TIMESTAMPTZ '2022-12-01 00:00:00+00'
FROM (VALUES ('AED'), ('USD')) AS money (currency)
UNION ALL
SELECT wallet_id, NULL, NULL, 'WALLET_AVAILABLE', currency, TIMESTAMPTZ '2022-12-01 00:00:00+00'
FROM deposit
WHERE kind = 'no user';

-- Offers lock money of their own beside the vault's.
CREATE TEMPORARY TABLE offer ON COMMIT DROP AS
SELECT
    number,
    pg_temp.named('offer ' || number) AS operation_id,
    pg_temp.named('user ' || number) AS user_id,
    pg_temp.named('wallet ' || number || ' AED') AS wallet_id,
    pg_temp.named('locked ' || number || ' AED') AS locked_id,
    round(500 + 2000 * pg_temp.draw('offer', number), 2) AS amount,
    TIMESTAMPTZ '2024-02-01 10:00:00+00' + mod(number, 300) * INTERVAL '1 day' AS created_at
FROM generate_series(1, %(users)s) AS number
WHERE mod(number, 3) = 0;

-- Who withdraws: from the other vault at any time; from AVENIR only who is odd.
CREATE TEMPORARY TABLE withdrawal ON COMMIT DROP AS
SELECT
    number,
    pg_temp.named('withdrawal ' || number) AS operation_id,
    vault_code,
    currency,
    wallet_id,
    pool_id,
    round(amount * 0.6, 2) AS amount,
    created_at + INTERVAL '60 days' AS created_at
FROM deposit
WHERE
    kind = 'withdrawn'
    OR (vault_code = 'FLEX' AND status = 'COMPLETED' AND pg_temp.draw('withdrawal', number) < 0.4);

-- At the beginning of a year a wallet receives what will leave it in that year, and some more.
CREATE TEMPORARY TABLE top_up ON COMMIT DROP AS
WITH leaving AS (
    SELECT wallet_id, currency, created_at, amount FROM deposit
    WHERE status = 'COMPLETED' AND kind IS DISTINCT FROM 'no entries'
    UNION ALL
    SELECT wallet_id, 'AED', created_at, amount FROM offer
)

SELECT
    pg_temp.named('top-up ' || wallet_id || date_trunc('year', created_at, 'UTC')) AS operation_id,
    wallet_id,
    currency,
    pg_temp.named('omnibus ' || currency) AS omnibus_id,
    sum(amount) + 250 AS amount,
    date_trunc('year', created_at, 'UTC') AS created_at
FROM leaving
GROUP BY wallet_id, currency, date_trunc('year', created_at, 'UTC');

INSERT INTO operations (
    id, transaction_id, type, status, idempotency_key, operation_metadata, created_at
)
SELECT
    operation_id,
    pg_temp.named('transaction ' || operation_id),
    'VAULT_DEPOSIT',
    status,
    'deposit-' || number,
    CASE
        WHEN tells_currency
            THEN json_build_object('vault_code', vault_code, 'currency', currency)
        ELSE json_build_object('vault_code', vault_code)
    END,
    created_at
FROM deposit
UNION ALL
SELECT
    operation_id,
    pg_temp.named('transaction ' || operation_id),
    'VAULT_WITHDRAW_EXECUTED',
    'COMPLETED',
    'withdrawal-' || number,
    json_build_object('vault_code', vault_code, 'currency', currency),
    created_at
FROM withdrawal
UNION ALL
SELECT
    operation_id,
    pg_temp.named('transaction ' || operation_id),
    'INVEST_EXCLUSIVE',
    'COMPLETED',
    'offer-' || number,
    json_build_object('currency', 'AED'),
    created_at
FROM offer
UNION ALL
SELECT
    operation_id,
    pg_temp.named('transaction ' || operation_id),
    'DEPOSIT_' || currency,
    'COMPLETED',
    'top-up-' || operation_id,
    json_build_object('currency', currency),
    created_at
FROM top_up;

INSERT INTO ledger_entries (
    id, operation_id, account_id, amount, currency, entry_type, created_at
)
WITH leg AS (
    SELECT operation_id, wallet_id AS account_id, -amount AS amount, currency, created_at
    FROM deposit
    WHERE
        status = 'COMPLETED'
        AND coalesce(kind, '') NOT IN ('no entries', 'no wallet leg')
    UNION ALL
    SELECT operation_id, pool_id, amount, currency, created_at
    FROM deposit
    WHERE status = 'COMPLETED' AND coalesce(kind, '') NOT IN ('no entries', 'no pool leg')
    UNION ALL
    SELECT operation_id, pool_id, -amount, currency, created_at FROM withdrawal
    UNION ALL
    SELECT operation_id, wallet_id, amount, currency, created_at FROM withdrawal
    UNION ALL
    SELECT operation_id, wallet_id, -amount, 'AED', created_at FROM offer
    UNION ALL
    SELECT operation_id, locked_id, amount, 'AED', created_at FROM offer
    UNION ALL
    SELECT operation_id, omnibus_id, -amount, currency, created_at FROM top_up
    UNION ALL
    SELECT operation_id, wallet_id, amount, currency, created_at FROM top_up
)

SELECT
    pg_temp.named('entry ' || operation_id || account_id),
    operation_id,
    account_id,
    amount,
    currency,
    CASE WHEN amount < 0 THEN 'DEBIT' ELSE 'CREDIT' END,
    created_at
FROM leg;

-- Older software did not write down of which deposit a lock is.
INSERT INTO wallet_locks (
    id, user_id, currency, amount, reason, reference_type, reference_id, operation_id, created_at
)
SELECT
    pg_temp.named('lock ' || number),
    user_id,
    currency,
    amount,
    'VAULT_AVENIR_VESTING',
    'VAULT',
    vault_id,
    CASE
        WHEN kind = 'twin' THEN NULL
        WHEN same_day = 1 AND pg_temp.draw('linked', number) < 0.4 THEN NULL
        ELSE operation_id
    END,
    created_at
FROM deposit
WHERE
    status = 'COMPLETED' AND vault_code = 'AVENIR'
    AND coalesce(kind, '') NOT IN ('no lock', 'no entries', 'no wallet leg', 'no user')
UNION ALL
SELECT
    pg_temp.named('offer lock ' || number),
    user_id,
    'AED',
    amount,
    'OFFER_INVEST',
    'OFFER',
    pg_temp.named('exclusive offer ' || mod(number, 5)),
    operation_id,
    created_at
FROM offer;

DROP TABLE odd, deposit, offer, withdrawal, top_up;

ANALYZE users, accounts, operations, ledger_entries, wallet_locks;
