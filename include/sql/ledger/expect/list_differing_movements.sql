-- Lists accounts on which the run moved something else than its source says: the source's sums were
-- taken when it was judged, before an entry was written. Where others posted some of its rows
-- meanwhile, fewer entries are the run's own, and the sums need not agree.
WITH posted AS (
    SELECT
        account_id,
        currency_code,
        sum(entries) AS entries,
        sum(debit) AS debit,
        sum(credit) AS credit
    FROM (
        SELECT
            debit_account_id AS account_id,
            currency_code,
            count(*) AS entries,
            sum(amount) AS debit,
            0 AS credit
        FROM ledger_entries
        WHERE id > %(high_water_entry_id)s AND run_id = %(run_id)s
        GROUP BY debit_account_id, currency_code
        UNION ALL
        SELECT credit_account_id, currency_code, 0, 0, sum(amount)
        FROM ledger_entries
        WHERE id > %(high_water_entry_id)s AND run_id = %(run_id)s
        GROUP BY credit_account_id, currency_code
    ) AS legs
    GROUP BY account_id, currency_code
), judged AS (
    SELECT
        account_id,
        currency_code,
        sum(entries) AS entries,
        sum(debit) AS debit,
        sum(credit) AS credit
    FROM trueup.movements
    WHERE run_id = %(run_id)s
    GROUP BY account_id, currency_code
)
SELECT
    coalesce(posted.account_id, judged.account_id) AS account_id,
    coalesce(posted.currency_code, judged.currency_code) AS currency_code,
    (coalesce(posted.debit, 0) - coalesce(posted.credit, 0))::TEXT AS posted,
    (coalesce(judged.debit, 0) - coalesce(judged.credit, 0))::TEXT AS judged
FROM posted
FULL JOIN judged
    ON judged.account_id = posted.account_id AND judged.currency_code = posted.currency_code
WHERE
    (SELECT sum(expected.entries) FROM judged AS expected) = (
        SELECT total_posted FROM trueup.runs WHERE run_id = %(run_id)s
    )
    AND (
        coalesce(posted.entries, 0) <> coalesce(judged.entries, 0)
        OR coalesce(posted.debit, 0) <> coalesce(judged.debit, 0)
        OR coalesce(posted.credit, 0) <> coalesce(judged.credit, 0)
    )
ORDER BY account_id, currency_code
