-- Says why the run's entries cannot be removed: entries of others came behind them on the same
-- wallets, and their before/after chain begins with them.
SELECT format(
    '%%s journal entries were booked on %%s wallets behind those of run %%s, the first is %%s on '
    'wallet %%s: their chain of balances rests on what the run brought. Nothing more is removed.',
    count(*),
    count(DISTINCT later.wallet_id),
    %(run_id)s::TEXT,
    (array_agg(later.id ORDER BY later.entry_no))[1],
    (array_agg(later.wallet_id ORDER BY later.entry_no))[1]
) AS obstacle
FROM coin_journal_entries AS later
WHERE
    later.entry_no > %(high_water_entry_id)s
    AND later.run_id IS DISTINCT FROM %(run_id)s
    AND (
        EXISTS (
            SELECT 1 FROM coin_journal_entries AS own
            WHERE own.wallet_id = later.wallet_id AND own.run_id = %(run_id)s
        )
        OR EXISTS (
            SELECT 1 FROM user_wallet AS wallet
            WHERE wallet.wallet_id = later.wallet_id AND wallet.run_id = %(run_id)s
        )
    )
HAVING count(*) > 0
