-- Takes back the run's transactions, wallets and system user, and what it corrected on balances
-- beside its entries; in one statement, so that a second attempt finds nothing left to do.
WITH uncorrected AS (
    UPDATE user_wallet AS wallet SET
        balance = wallet.balance - baseline.corrected,
        available_balance = wallet.available_balance - baseline.corrected_available,
        updated_at = now()
    FROM trueup.baseline_wallets AS baseline
    WHERE
        baseline.run_id = %(run_id)s
        AND baseline.corrected <> 0
        AND wallet.wallet_id = baseline.wallet_id
), forgotten AS (
    UPDATE trueup.baseline_wallets SET corrected = 0, corrected_available = 0
    WHERE run_id = %(run_id)s AND corrected <> 0
), unbooked AS (
    DELETE FROM coin_ledger_transactions WHERE run_id = %(run_id)s
), closed AS (
    DELETE FROM user_wallet WHERE run_id = %(run_id)s
    RETURNING wallet_id
), removed AS (
    DELETE FROM users
    WHERE id IN (
        SELECT name FROM trueup.created_objects
        WHERE run_id = %(run_id)s AND kind = 'account' AND table_name = 'users'
    )
), disowned AS (
    DELETE FROM trueup.created_objects WHERE run_id = %(run_id)s AND kind = 'account'
)
SELECT
    count(*) AS deleted,
    NULL::TEXT[] AS kept
FROM closed
