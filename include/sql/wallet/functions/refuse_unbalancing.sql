-- Refuses entries that bring a closed transaction out of balance.
CREATE OR REPLACE FUNCTION refuse_unbalancing() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refuse_broken_rule(
        'coin_ledger_transactions', 'coin_ledger_transactions_closed_in_balance', count(*)
    )
    FROM (
        SELECT entry.ledger_transaction_id
        FROM coin_journal_entries AS entry
        INNER JOIN coin_ledger_transactions AS movement
            ON movement.id = entry.ledger_transaction_id AND movement.status = 'closed'
        WHERE entry.ledger_transaction_id IN (SELECT ledger_transaction_id FROM added)
        GROUP BY entry.ledger_transaction_id
        HAVING
            count(*) < 2
            OR sum(CASE entry.direction WHEN 'credit' THEN entry.amount ELSE -entry.amount END)
            <> 0
    ) AS broken;
    RETURN NULL;
END
$$;
