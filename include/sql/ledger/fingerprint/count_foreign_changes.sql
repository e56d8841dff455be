-- Counts what other sessions have done to the books since the run's start.
SELECT
    (
        SELECT count(*) FROM ledger_entries
        WHERE id > %(high_water_entry_id)s AND run_id IS DISTINCT FROM %(run_id)s
    ) AS entries,
    (
        SELECT count(*) FROM bank_accounts AS account
        WHERE
            NOT EXISTS (
                SELECT 1 FROM trueup.baseline_accounts AS baseline
                WHERE baseline.run_id = %(run_id)s AND baseline.account_id = account.id
            )
            AND NOT EXISTS (
                SELECT 1 FROM trueup.created_objects AS created
                WHERE
                    created.run_id = %(run_id)s
                    AND created.kind = 'account'
                    AND created.name = account.id
            )
    ) AS accounts,
    -- A hold moves money between available and reserved, and no entry explains it.
    (
        SELECT count(*) FROM bank_accounts AS account
        INNER JOIN trueup.baseline_accounts AS baseline ON baseline.account_id = account.id
        WHERE
            baseline.run_id = %(run_id)s
            AND account.reserved_balance <> baseline.reserved_balance
    ) AS holds
