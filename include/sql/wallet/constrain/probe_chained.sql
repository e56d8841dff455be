-- Must be refused: an entry that begins with what the last one did not leave.
INSERT INTO coin_journal_entries (
    ledger_transaction_id, wallet_id, direction, amount, balance_before, balance_after
) VALUES (%(probe)s, %(probe)s, 'credit', 1, 5, 6)
