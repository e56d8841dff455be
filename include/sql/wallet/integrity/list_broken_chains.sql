-- Wallets whose entries do not form a chain: each begins where the one before it ended, the first
-- one at nothing. The first break of each wallet.
SELECT
    wallet.user_id,
    broken.entry_id,
    broken.expected,
    broken.balance_before,
    broken.balance_after,
    count(*) OVER () AS in_all
FROM (
    SELECT DISTINCT ON (wallet_id)
        wallet_id,
        id AS entry_id,
        expected,
        balance_before,
        balance_after
    FROM (
        SELECT
            wallet_id,
            id,
            entry_no,
            balance_before,
            balance_after,
            CASE WHEN direction = 'credit' THEN amount::BIGINT ELSE -amount::BIGINT END AS effect,
            coalesce(lag(balance_after) OVER (PARTITION BY wallet_id ORDER BY entry_no), 0)
                AS expected
        FROM coin_journal_entries
    ) AS entry
    WHERE balance_before <> expected OR balance_before + effect <> balance_after
    ORDER BY wallet_id, entry_no
) AS broken
INNER JOIN user_wallet AS wallet ON wallet.wallet_id = broken.wallet_id
ORDER BY wallet.user_id
LIMIT %(most)s
