-- Checks every chain that stands.
SELECT refuse_broken_rule('coin_journal_entries', 'coin_journal_entries_chained', count(*)) AS held
FROM (
    SELECT
        balance_before,
        lag(balance_after, 1, 0) OVER (PARTITION BY wallet_id ORDER BY entry_no) AS left_by_last
    FROM coin_journal_entries
) AS links
WHERE balance_before <> left_by_last
