-- Must be refused: one coin that raises the wallet by four.
INSERT INTO coin_journal_entries (
    ledger_transaction_id, wallet_id, direction, amount, balance_before, balance_after
) VALUES (%(probe)s, %(probe)s, 'credit', 1, 1, 5)
