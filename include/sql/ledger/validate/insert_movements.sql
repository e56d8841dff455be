-- Adds up what the prepared rows that are new will move on each account.
WITH fresh AS (
    SELECT debit_account_id, credit_account_id, currency_code, amount
    FROM trueup.prepared_entries AS entry
    WHERE
        run_id = %(run_id)s
        AND NOT repeated
        AND NOT EXISTS (
            SELECT 1 FROM ledger_entries AS standing
            WHERE
                standing.ledger_id = entry.ledger_id
                AND standing.reference_id = entry.reference_id
        )
), legs AS (
    SELECT
        debit_account_id AS account_id,
        currency_code,
        count(*) AS entries,
        sum(amount) AS debit,
        0 AS credit
    FROM fresh GROUP BY debit_account_id, currency_code
    UNION ALL
    SELECT credit_account_id, currency_code, 0, 0, sum(amount)
    FROM fresh GROUP BY credit_account_id, currency_code
)
INSERT INTO trueup.movements (
    run_id, plain, account_id, currency_code, entries, debit, credit
)
SELECT %(run_id)s, FALSE, account_id, currency_code, sum(entries), sum(debit), sum(credit)
FROM legs
GROUP BY account_id, currency_code
