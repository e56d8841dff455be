-- Adds up what the prepared rows that are new will move on each account. What all plain rows move
-- is known from ingest; here is taken from it what those move that stand in the ledger already.
WITH changes AS (
    SELECT
        entry.debit_account_id,
        entry.credit_account_id,
        entry.currency_code,
        entry.amount,
        1 AS sign
    FROM trueup.prepared_entries AS entry
    LEFT JOIN ledger_entries AS standing
        ON
            standing.ledger_id = entry.ledger_id
            AND standing.reference_id = entry.reference_id
            -- What this very run has posted is no less new to it.
            AND (standing.run_id, standing.run_line) IS DISTINCT FROM (entry.run_id, entry.position)
    WHERE
        entry.run_id = %(run_id)s
        AND NOT entry.plain
        AND NOT entry.repeated
        AND standing.id IS NULL
    UNION ALL
    SELECT entry.debit_account_id, entry.credit_account_id, entry.currency_code, entry.amount, -1
    FROM trueup.prepared_entries AS entry
    INNER JOIN ledger_entries AS standing
        ON
            standing.ledger_id = entry.ledger_id
            AND standing.reference_id = entry.reference_id
            AND (standing.run_id, standing.run_line) IS DISTINCT FROM (entry.run_id, entry.position)
    WHERE entry.run_id = %(run_id)s AND entry.plain
), legs AS (
    SELECT
        debit_account_id AS account_id,
        currency_code,
        sum(sign) AS entries,
        sum(sign * amount) AS debit,
        0 AS credit
    FROM changes GROUP BY debit_account_id, currency_code
    UNION ALL
    SELECT credit_account_id, currency_code, 0, 0, sum(sign * amount)
    FROM changes GROUP BY credit_account_id, currency_code
)
INSERT INTO trueup.movements (
    run_id, plain, account_id, currency_code, entries, debit, credit
)
SELECT %(run_id)s, FALSE, account_id, currency_code, sum(entries), sum(debit), sum(credit)
FROM legs
GROUP BY account_id, currency_code
