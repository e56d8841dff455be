-- Takes back up to a batch of the run's entries, newest first, with their outbox rows; sums first,
-- deletes then: balances move by exactly what is deleted. Accounts are locked by id.
WITH chosen AS (
    SELECT id, debit_account_id, credit_account_id, amount
    FROM ledger_entries
    WHERE id > %(high_water_entry_id)s AND run_id = %(run_id)s
    ORDER BY id DESC
    LIMIT %(batch_size)s
), legs AS (
    SELECT debit_account_id AS account_id, amount AS debit FROM chosen
    UNION ALL
    SELECT credit_account_id, -amount FROM chosen
), deltas AS (
    SELECT account_id, sum(debit) AS debit FROM legs GROUP BY account_id
), locked AS (
    SELECT id FROM bank_accounts
    WHERE id IN (SELECT account_id FROM deltas)
    ORDER BY id FOR NO KEY UPDATE
), restored AS (
    UPDATE bank_accounts AS account SET
        balance = account.balance
        - CASE account.normal_side WHEN 'debit' THEN deltas.debit ELSE -deltas.debit END,
        available_balance = account.available_balance
        - CASE account.normal_side WHEN 'debit' THEN deltas.debit ELSE -deltas.debit END,
        updated_at = now()
    FROM deltas, locked
    WHERE account.id = deltas.account_id AND locked.id = account.id
), unqueued AS (
    DELETE FROM dual_ledger_outbox AS outbox USING chosen
    WHERE outbox.entry_id = chosen.id
), deleted AS (
    DELETE FROM ledger_entries AS entry USING chosen
    WHERE entry.id = chosen.id
    RETURNING entry.id
)
SELECT count(*) AS deleted FROM deleted
