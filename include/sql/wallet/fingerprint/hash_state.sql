-- Fingerprints wallets, transactions and entries as of the run's start, whatever their order: what
-- others booked since is left out, and taken off the balances. Sums of two words of a SHA-256 per
-- row: no pair of changes cancels out as it would under XOR.
WITH later AS (
    SELECT
        wallet_id,
        sum(CASE direction WHEN 'credit' THEN amount ELSE -amount END) AS coins
    FROM coin_journal_entries
    WHERE entry_no > %(high_water_entry_id)s AND run_id IS DISTINCT FROM %(run_id)s
    GROUP BY wallet_id
), entries AS (
    SELECT * FROM coin_journal_entries
    WHERE entry_no <= %(high_water_entry_id)s OR run_id = %(run_id)s
), said AS (
    SELECT concat_ws(
        '|', 'wallet', length(wallet.wallet_id), wallet.wallet_id, wallet.user_id, wallet.status,
        wallet.balance - coalesce(later.coins, 0),
        wallet.available_balance - coalesce(later.coins, 0)
    ) AS words
    FROM user_wallet AS wallet
    LEFT JOIN later USING (wallet_id)
    WHERE
        wallet.run_id = %(run_id)s
        OR wallet.wallet_id IN (
            SELECT wallet_id FROM trueup.baseline_wallets WHERE run_id = %(run_id)s AND stood
        )
    UNION ALL
    SELECT concat_ws(
        '|', 'entry', entry.id, entry.ledger_transaction_id, entry.wallet_id, entry.direction,
        entry.amount, entry.balance_before, entry.balance_after,
        extract(EPOCH FROM entry.created_at), coalesce(entry.memo, '-')
    )
    FROM entries AS entry
    UNION ALL
    SELECT concat_ws(
        '|', 'transaction', movement.id, length(movement.type), movement.type,
        coalesce(movement.external_ref, '-'), coalesce(movement.initiator_user_id, '-'),
        extract(EPOCH FROM movement.created_at), coalesce(movement.context::TEXT, '-')
    )
    FROM coin_ledger_transactions AS movement
    WHERE
        movement.run_id = %(run_id)s
        OR movement.id IN (SELECT ledger_transaction_id FROM entries)
    UNION ALL
    SELECT 'user|' || name
    FROM trueup.created_objects
    WHERE run_id = %(run_id)s AND kind = 'account' AND table_name = 'users'
)
SELECT encode(sha256(convert_to(concat_ws(
    ' ', 'wallets', count(*),
    sum(('x' || left(digest, 16))::BIT(64)::BIGINT),
    sum(('x' || right(digest, 16))::BIT(64)::BIGINT)
), 'UTF8')), 'hex') AS state_hash
FROM (
    SELECT left(encode(sha256(convert_to(words, 'UTF8')), 'hex'), 32) AS digest FROM said
) AS digests
