-- Tells whether plain rows name an account that is not known in their currency.
SELECT EXISTS(
    SELECT 1 FROM moved
    WHERE NOT EXISTS (
        SELECT 1 FROM accounts
        WHERE
            accounts.account_id = moved.account_id
            AND accounts.currency_code = moved.currency_code
    )
) AS found
