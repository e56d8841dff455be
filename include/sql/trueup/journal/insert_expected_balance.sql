-- Keeps one balance that the source publishes.
INSERT INTO trueup.expected_balances (
    run_id, account_id, currency_code, expected_balance, as_of
) VALUES (
    %(run_id)s, %(account_id)s, %(currency_code)s, %(expected_balance)s, %(as_of)s
)
