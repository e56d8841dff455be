-- Takes rows out whose accounts are not known, or are kept in another currency.
UPDATE judged SET plain = FALSE
WHERE
    plain
    AND (
        NOT EXISTS (
            SELECT 1 FROM accounts
            WHERE
                accounts.account_id = judged.debit_account_id
                AND accounts.currency_code = judged.currency_code
        )
        OR NOT EXISTS (
            SELECT 1 FROM accounts
            WHERE
                accounts.account_id = judged.credit_account_id
                AND accounts.currency_code = judged.currency_code
        )
    )
