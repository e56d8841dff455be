-- Decides about locked lots: released, left, or skipped. A lot that only fits once others of the
-- batch have been decided is not decided here; the first lot in order always is.
WITH lot AS MATERIALIZED (
    SELECT
        vested.*,
        'VAULT_VESTING_RELEASE:' || vested.id AS idempotency_key
    FROM vault_vesting_lots AS vested
    WHERE vested.id = any(%(lots)s)
),

-- The accounts by which the deposit came: what it credited, and the user's wallet that it debited.
leg AS MATERIALIZED (
    SELECT
        lot.id AS lot_id,
        array_agg(DISTINCT entry.account_id) FILTER (WHERE entry.amount > 0) AS credited,
        array_agg(DISTINCT entry.account_id) FILTER (
            WHERE entry.amount < 0
            AND account.account_type = 'WALLET_AVAILABLE'
            AND account.user_id = lot.user_id
        ) AS debited
    FROM lot
    INNER JOIN ledger_entries AS entry
        ON entry.operation_id = lot.source_operation_id AND entry.currency = lot.currency
    INNER JOIN accounts AS account ON account.id = entry.account_id
    GROUP BY lot.id
),

linked AS (
    SELECT
        lot.id AS lot_id,
        array_agg(lock.id) FILTER (WHERE lock.status = 'ACTIVE') AS active
    FROM lot
    INNER JOIN wallet_locks AS lock
        ON
            lock.operation_id = lot.source_operation_id
            AND lock.reason = 'VAULT_AVENIR_VESTING'
            AND lock.user_id = lot.user_id
    GROUP BY lot.id
),

-- The fallback, for a lot to whose deposit no lock is linked. A lock that is linked to another
-- operation is another lot's; one that another waiting lot could claim as well is ambiguous.
candidate AS (
    SELECT
        lot.id AS lot_id,
        lock.id AS lock_id,
        exists(
            SELECT FROM vault_vesting_lots AS rival
            WHERE
                rival.user_id = lot.user_id
                AND rival.id != lot.id
                AND rival.status = 'VESTED'
                AND rival.currency = lock.currency
                AND rival.vault_id = lock.reference_id
                AND abs(lock.amount - rival.amount) <= 0.01
                AND rival.deposit_day = lot.deposit_day
                AND NOT EXISTS (
                    SELECT FROM wallet_locks AS theirs
                    WHERE theirs.operation_id = rival.source_operation_id
                )
        ) AS disputed
    FROM lot
    INNER JOIN wallet_locks AS lock
        ON
            lock.user_id = lot.user_id
            AND lock.currency = lot.currency
            AND lock.reason = 'VAULT_AVENIR_VESTING'
            AND lock.reference_type = 'VAULT'
            AND lock.reference_id = lot.vault_id
            AND lock.status = 'ACTIVE'
            AND abs(lock.amount - lot.amount) <= 0.01
            AND (lock.created_at AT TIME ZONE 'UTC')::DATE = lot.deposit_day
            AND lock.operation_id IS NULL
    WHERE NOT EXISTS (SELECT FROM linked WHERE linked.lot_id = lot.id)
),

lock_of AS (
    SELECT lot_id, active AS locks, FALSE AS disputed, TRUE AS is_linked FROM linked
    UNION ALL
    SELECT lot_id, array_agg(lock_id), bool_or(disputed), FALSE FROM candidate
    GROUP BY lot_id
),

-- What each user's own deposits, less what was paid to the user since, have left in each account.
payer AS MATERIALIZED (
    SELECT DISTINCT lot.user_id, lot.vault_code, lot.currency, leg.credited[1] AS account_id
    FROM lot
    INNER JOIN leg ON leg.lot_id = lot.id
    WHERE cardinality(leg.credited) = 1
),

given AS MATERIALIZED (
    SELECT
        payer.user_id,
        payer.vault_code,
        payer.account_id,
        entry.operation_id,
        -sum(entry.amount) AS amount
    FROM payer
    INNER JOIN accounts AS account
        ON account.user_id = payer.user_id AND account.currency = payer.currency
    INNER JOIN ledger_entries AS entry ON entry.account_id = account.id
    WHERE account.id != payer.account_id
    GROUP BY payer.user_id, payer.vault_code, payer.account_id, entry.operation_id
),

moved AS (
    SELECT
        given.user_id,
        given.vault_code,
        given.account_id,
        given.operation_id,
        -- Where an operation has more legs than these two, the user is owed the lesser.
        least(sum(entry.amount), given.amount) AS amount
    FROM given
    INNER JOIN ledger_entries AS entry
        ON entry.operation_id = given.operation_id AND entry.account_id = given.account_id
    GROUP BY
        given.user_id, given.vault_code, given.account_id, given.operation_id, given.amount
),

share AS MATERIALIZED (
    SELECT
        moved.user_id,
        moved.vault_code,
        moved.account_id,
        sum(moved.amount) FILTER (
            WHERE moved.amount < 0 OR (
                operation.type = 'VAULT_DEPOSIT'
                AND operation.status = 'COMPLETED'
                AND operation.operation_metadata ->> 'vault_code' = moved.vault_code
            )
        ) AS amount
    FROM moved
    INNER JOIN operations AS operation ON operation.id = moved.operation_id
    GROUP BY moved.user_id, moved.vault_code, moved.account_id
),

pool AS MATERIALIZED (
    SELECT entry.account_id, sum(entry.amount) AS balance
    FROM ledger_entries AS entry
    WHERE entry.account_id = any(%(short_pools)s)
    GROUP BY entry.account_id
),

examined AS (
    SELECT
        lot.id,
        lot.user_id,
        lot.release_day,
        lot.created_at,
        lot.amount - lot.released_amount AS amount,
        leg.credited[1] AS from_account_id,
        leg.debited[1] AS to_account_id,
        lock_of.locks[1] AS wallet_lock_id,
        coalesce(lock_of.is_linked, FALSE) AS is_linked,
        coalesce(share.amount, 0) AS share,
        -- Only an account that was found short, and locked, has its balance here.
        pool.balance AS pool_balance,
        CASE
            WHEN lot.status = 'RELEASED' THEN 'released_before'
            WHEN lot.released_amount >= lot.amount THEN 'released_before'
            WHEN lot.release_day > %(as_of_date)s THEN 'not_mature'
            WHEN lot.status != 'VESTED' THEN 'not_vested'
            WHEN lot.amount - lot.released_amount <= 0 THEN 'nothing_to_release'
        END AS skipped,
        CASE
            WHEN EXISTS (
                SELECT FROM operations AS earlier
                WHERE earlier.idempotency_key = lot.idempotency_key
            ) THEN 'paid_before'
            -- Until a backfill is proved it may be taken back; a lot that was paid could not be.
            WHEN EXISTS (
                SELECT FROM trueup.runs AS backfill
                WHERE
                    backfill.run_id = lot.run_id
                    AND backfill.status NOT IN ('completed', 'rollback_failed')
            ) THEN 'backfill_open'
            WHEN cardinality(leg.credited) = 1 AND cardinality(leg.debited) = 1 THEN NULL
            ELSE 'deposit_legs'
        END AS unpayable,
        CASE
            WHEN cardinality(lock_of.locks) > 1 OR lock_of.disputed THEN 'ambiguous_lock'
        END AS unclear,
        cardinality(lock_of.locks) AS locks
    FROM lot
    LEFT JOIN leg ON leg.lot_id = lot.id
    LEFT JOIN lock_of ON lock_of.lot_id = lot.id
    LEFT JOIN share
        ON
            share.user_id = lot.user_id
            AND share.vault_code = lot.vault_code
            AND share.account_id = leg.credited[1]
    LEFT JOIN pool ON pool.account_id = leg.credited[1]
),

alone AS (
    SELECT
        examined.*,
        coalesce(skipped, unpayable, unclear, CASE
            WHEN amount > share THEN 'exceeds_own_share'
            WHEN amount > pool_balance THEN 'account_would_go_negative'
        END) AS reason
    FROM examined
),

-- Payable for itself; and behind the lots before it? First the user's, then all of the account.
behind_own AS (
    SELECT
        alone.*,
        coalesce(reason IS NULL AND sum(amount) FILTER (WHERE reason IS NULL) OVER (
            PARTITION BY user_id, from_account_id ORDER BY release_day, created_at, id
        ) <= share, FALSE) AS fits_share
    FROM alone
),

behind_all AS (
    SELECT
        behind_own.*,
        fits_share AND coalesce(sum(amount) FILTER (WHERE fits_share) OVER (
            PARTITION BY from_account_id ORDER BY release_day, created_at, id
        ) <= pool_balance, TRUE) AS fits
    FROM behind_own
)

INSERT INTO vesting_release_outcomes (
    trace_id, lot_id, outcome, reason, detail, amount,
    from_account_id, to_account_id, wallet_lock_id, operation_id
)
SELECT
    %(trace_id)s,
    id,
    CASE WHEN fits THEN 'RELEASED' WHEN skipped IS NULL THEN 'LEFT' ELSE 'SKIPPED' END,
    CASE
        WHEN NOT fits THEN reason
        WHEN wallet_lock_id IS NULL AND is_linked THEN 'lock_closed_before'
        WHEN wallet_lock_id IS NULL THEN 'lock_missing'
    END,
    CASE reason
        WHEN 'exceeds_own_share' THEN format('%%s left of the user''s own', trim_scale(share))
        WHEN 'account_would_go_negative' THEN format('%%s on it', trim_scale(pool_balance))
        WHEN 'ambiguous_lock' THEN format('%%s locks match', locks)
    END,
    amount,
    from_account_id,
    to_account_id,
    CASE WHEN fits THEN wallet_lock_id END,
    CASE WHEN fits THEN gen_random_uuid() END
FROM behind_all
WHERE fits OR reason IS NOT NULL
RETURNING lot_id, outcome;
