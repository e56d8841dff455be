-- Shows for every account what its entries do not explain, and what of that is known to be so: as
-- an earlier night learned it, else as the last completed run found it. What a correction has since
-- answered with an entry, or left on the word of the ledger, is known too. Where nobody has looked
-- before, what stands is taken for the opening balance; an account opened since begins at nothing.
CREATE OR REPLACE VIEW ledger_openings AS
WITH legs AS (
    SELECT debit_account_id AS account_id, sum(amount) AS debit
    FROM ledger_entries GROUP BY debit_account_id
    UNION ALL
    SELECT credit_account_id, -sum(amount) FROM ledger_entries GROUP BY credit_account_id
), moved AS (
    SELECT account_id, sum(debit) AS debit FROM legs GROUP BY account_id
), found AS (
    SELECT DISTINCT ON (baseline.account_id)
        baseline.account_id,
        baseline.opening_balance
    FROM trueup.baseline_accounts AS baseline
    INNER JOIN trueup.runs AS run USING (run_id)
    WHERE run.status = 'completed' AND run.system = 'ledger'
    ORDER BY baseline.account_id ASC, run.started_at DESC
), answered AS (
    SELECT
        correction.subject AS account_id,
        sum(correction.actual - correction.expected) AS amount
    FROM trueup.corrections AS correction
    INNER JOIN trueup.runs AS run USING (run_id)
    LEFT JOIN trueup.known_openings AS known
        ON known.system = 'ledger' AND known.account_id = correction.subject
    LEFT JOIN trueup.nights AS night ON night.night_id = known.night_id
    WHERE
        correction.kind = 'stored_balance'
        AND run.status = 'completed'
        AND run.finished_at > night.looked_at
    GROUP BY correction.subject
)
SELECT
    account.id AS account_id,
    account.currency_code,
    account.normal_side,
    account.balance,
    account.balance - CASE account.normal_side WHEN 'debit' THEN 1 ELSE -1 END
    * coalesce(moved.debit, 0) AS unexplained,
    coalesce(
        known.opening_balance + coalesce(answered.amount, 0),
        found.opening_balance,
        CASE
            WHEN
                EXISTS (SELECT 1 FROM trueup.known_openings WHERE system = 'ledger')
                OR EXISTS (
                    SELECT 1 FROM trueup.runs WHERE system = 'ledger' AND status = 'completed'
                )
                THEN 0
            ELSE
                account.balance - CASE account.normal_side WHEN 'debit' THEN 1 ELSE -1 END
                * coalesce(moved.debit, 0)
        END
    ) AS opening_balance
FROM bank_accounts AS account
LEFT JOIN moved ON moved.account_id = account.id
LEFT JOIN trueup.known_openings AS known
    ON known.system = 'ledger' AND known.account_id = account.id
LEFT JOIN answered ON answered.account_id = account.id
LEFT JOIN found ON found.account_id = account.id;
