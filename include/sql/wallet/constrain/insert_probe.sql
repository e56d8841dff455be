-- Makes what the probes need: a user, a wallet, a pending transaction and its first leg.
WITH person AS (
    INSERT INTO users (id, username) VALUES (%(probe)s, %(probe)s)
), wallet AS (
    INSERT INTO user_wallet (wallet_id, user_id, balance) VALUES (%(probe)s, %(probe)s, 1)
), movement AS (
    INSERT INTO coin_ledger_transactions (id, type) VALUES (%(probe)s, 'probe')
)
INSERT INTO coin_journal_entries (
    id, ledger_transaction_id, wallet_id, direction, amount, balance_before, balance_after
) VALUES (%(probe)s, %(probe)s, %(probe)s, 'credit', 1, 0, 1)
