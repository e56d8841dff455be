-- Refuses new entries that do not begin where their wallet's chain ends. The wallets are locked, so
-- that of two sessions the second one sees what the first one has booked.
CREATE OR REPLACE FUNCTION refuse_broken_chain() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM user_wallet
    WHERE wallet_id IN (SELECT wallet_id FROM added)
    ORDER BY wallet_id FOR NO KEY UPDATE;

    PERFORM refuse_broken_rule(
        'coin_journal_entries', 'coin_journal_entries_chained', count(*)
    )
    FROM (
        SELECT
            links.balance_before,
            links.number = 1 AND coalesce(last.entry_no > links.entry_no, FALSE) AS is_late,
            CASE
                WHEN links.number > 1 THEN links.left_by_last
                ELSE coalesce(last.balance_after, 0)
            END AS left_by_last
        FROM (
            SELECT
                added.wallet_id,
                added.entry_no,
                added.balance_before,
                row_number() OVER chain AS number,
                min(added.entry_no) OVER (PARTITION BY added.wallet_id) AS first_no,
                lag(added.balance_after) OVER chain AS left_by_last
            FROM added
            WINDOW chain AS (PARTITION BY added.wallet_id ORDER BY added.entry_no)
        ) AS links
        LEFT JOIN LATERAL (
            SELECT entry.balance_after, entry.entry_no
            FROM coin_journal_entries AS entry
            WHERE
                links.number = 1
                AND entry.wallet_id = links.wallet_id
                AND NOT EXISTS (SELECT 1 FROM added WHERE added.entry_no = entry.entry_no)
            ORDER BY entry.entry_no DESC
            LIMIT 1
        ) AS last ON TRUE
    ) AS links
    WHERE links.is_late OR links.balance_before <> links.left_by_last;
    RETURN NULL;
END
$$;
