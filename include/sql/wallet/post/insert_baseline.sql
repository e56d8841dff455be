-- Keeps every wallet as it stands before the run.
INSERT INTO trueup.baseline_wallets (run_id, wallet_id, balance, available_balance)
SELECT %(run_id)s, wallet_id, balance, available_balance
FROM user_wallet
