-- Waits until nobody writes wallets or journal and holds new writers back for the moment of a
-- snapshot.
LOCK TABLE user_wallet, coin_ledger_transactions, coin_journal_entries IN SHARE MODE
