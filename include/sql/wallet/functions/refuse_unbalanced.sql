-- Refuses to close a transaction that has fewer than two entries or whose entries do not sum to
-- zero.
CREATE OR REPLACE FUNCTION refuse_unbalanced() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refuse_broken_rule(
        'coin_ledger_transactions', 'coin_ledger_transactions_closed_in_balance', 1
    )
    FROM coin_journal_entries
    WHERE ledger_transaction_id = new.id
    HAVING
        count(*) < 2
        OR sum(CASE direction WHEN 'credit' THEN amount ELSE -amount END) <> 0;
    RETURN NULL;
END
$$;
