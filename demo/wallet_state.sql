-- Fills a wallet's empty tables. The first users have a wallet whose coins are backed by a
-- journal transaction with one leg, a credit and no debit; the others have coins and no wallet.
-- The first wallets' users had coins moved by the legacy alone since: -10, +8, +3.
-- The same numbers give the same rows. There is no system user.
CREATE OR REPLACE FUNCTION pg_temp.named(name TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE RETURN md5(name)::UUID::TEXT;

CREATE TEMPORARY TABLE holder ON COMMIT DROP AS
WITH weighed AS (
    SELECT
        number,
        number <= %(wallets)s AS has_wallet,
        CASE
            -- Of the users without a wallet, some never had a coin.
            WHEN number > %(users)s - %(penniless)s THEN 0
            ELSE 1 + mod(number * 7919, 997)
        END AS weight
    FROM generate_series(1, %(users)s::BIGINT) AS number
), shared AS (
    SELECT
        number,
        has_wallet,
        -- Rounds the running share, so that the parts add up to the whole to the coin.
        (CASE WHEN has_wallet THEN %(balance)s ELSE %(unbacked)s END::NUMERIC
        * sum(weight) OVER part / sum(weight) OVER (PARTITION BY has_wallet))::BIGINT AS upto,
        (CASE WHEN has_wallet THEN %(balance)s ELSE %(unbacked)s END::NUMERIC
        * (sum(weight) OVER part - weight)
        / nullif(sum(weight) OVER (PARTITION BY has_wallet), 0))::BIGINT AS before
    FROM weighed
    WINDOW part AS (PARTITION BY has_wallet ORDER BY number)
)
SELECT
    number,
    has_wallet,
    (upto - before)::INTEGER AS coins,
    CASE
        WHEN number > %(drifting)s OR NOT has_wallet THEN 0
        WHEN number = 1 THEN -10
        WHEN number = 2 THEN 8
        WHEN number = 3 THEN 3
        ELSE 0
    END AS moved,
    TIMESTAMPTZ '2025-06-01 09:00:00+00' + mod(number, 100000) * INTERVAL '1 minute' AS happened_at
FROM shared;

INSERT INTO users (id, username, email, role, status, is_bot, total_coins)
SELECT
    pg_temp.named('user' || number),
    CASE
        WHEN moved <> 0 THEN (ARRAY['user_a', 'user_b', 'user_c'])[number]
        ELSE 'member_' || number
    END,
    'member_' || number || '@example.org',
    'user',
    'active',
    FALSE,
    coins + moved
FROM holder;

INSERT INTO user_wallet (wallet_id, user_id, balance, available_balance, updated_at)
SELECT
    pg_temp.named('wallet' || number), pg_temp.named('user' || number), coins, coins AS available,
    happened_at
FROM holder
WHERE has_wallet;

INSERT INTO coin_ledger_transactions (
    id, type, context, external_ref, initiator_user_id, created_at, closed_at, status
)
SELECT
    pg_temp.named('transaction' || number), 'recharge', '{"channel": "web"}',
    pg_temp.named('recharge' || number), pg_temp.named('user' || number), happened_at,
    happened_at AS closed_at, 'closed'
FROM holder
WHERE has_wallet;

INSERT INTO coin_journal_entries (
    id, ledger_transaction_id, wallet_id, direction, amount, balance_before, balance_after, memo,
    created_at
)
SELECT
    pg_temp.named('entry' || number), pg_temp.named('transaction' || number),
    pg_temp.named('wallet' || number), 'credit', coins, 0, coins AS after,
    'Coins bought', happened_at
FROM holder
WHERE has_wallet;

INSERT INTO coin_transactions (id, user_id, amount, type, description, status, created_at)
SELECT
    pg_temp.named('recharge' || number), pg_temp.named('user' || number), coins, 'recharge',
    'Coins bought', 'completed', happened_at
FROM holder
WHERE has_wallet
UNION ALL
-- Moved by the legacy alone: what the report calls the dual-write issue.
SELECT
    pg_temp.named('moved' || number), pg_temp.named('user' || number), moved,
    CASE WHEN moved < 0 THEN 'spend' ELSE 'earn' END, 'Written before dual-write', 'completed',
    TIMESTAMPTZ '2025-10-30 12:00:00+00' + number * INTERVAL '1 hour'
FROM holder
WHERE moved <> 0
UNION ALL
-- These never moved a coin.
SELECT
    pg_temp.named('unsettled' || number), pg_temp.named('user' || number), 100, 'recharge',
    'Payment not settled', CASE WHEN mod(number, 2) = 0 THEN 'pending' ELSE 'failed' END,
    TIMESTAMPTZ '2025-10-31 12:00:00+00' + number * INTERVAL '1 minute'
FROM holder
WHERE NOT has_wallet AND number <= %(wallets)s + %(unsettled)s;
