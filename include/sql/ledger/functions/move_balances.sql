-- Moves balances by debits less credits, in lock order: accounts by id. Gives how many were moved.
-- Arrays, and a statement of its own: inside one CTE the planner joins accounts by nested loop.
CREATE OR REPLACE FUNCTION move_balances(p_accounts TEXT[], p_debits NUMERIC[])
RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
    v_moved BIGINT;
BEGIN
    PERFORM 1 FROM bank_accounts WHERE id = ANY(p_accounts) ORDER BY id FOR NO KEY UPDATE;
    UPDATE bank_accounts AS account SET
        balance = account.balance + signed.effect,
        available_balance = account.available_balance + signed.effect,
        updated_at = now()
    FROM (
        SELECT
            moved.account_id,
            CASE normal_side WHEN 'debit' THEN moved.debit ELSE -moved.debit END AS effect
        FROM unnest(p_accounts, p_debits) AS moved (account_id, debit)
        INNER JOIN bank_accounts ON bank_accounts.id = moved.account_id
    ) AS signed
    WHERE account.id = signed.account_id;
    GET DIAGNOSTICS v_moved = ROW_COUNT;
    RETURN v_moved;
END
$$;
