# Makes vesting lots of three years of deposits, then releases those that are mature on a day.
# shellcheck shell=bash
# shellcheck disable=SC2154 # bin/demo gives state
fresh_database demo_vesting vault_db
python -m trueup.migrations vesting
python -m demo.vault_data "$AIRFLOW_CONN_VAULT_DB" --users 200 --deposits 2000

# A lot a line is what the log is for; here the first ones will do.
first_lots() { awk '/vesting lot .*user=/ { if (++lots > 5) { if (lots == 6) print "        ... and so on"; next } } { print; fflush() }'; }

say 'A dry run first: which lots would be created, and which deposits can have none?'
run_dag vesting_lots_backfill '{"dry_run": true, "max_quarantined": "2 %"}' | first_lots

say 'Then for real. Differences of locks and lots that the data has from the beginning are accepted.'
status=0
run_dag vesting_lots_backfill '{"dry_run": false, "max_quarantined": "2 %", "accept_breaks": 5}' | first_lots || status=$?
show_report

say 'Lots that are mature on 30 June 2025 are released: money moves from the pool into the wallets.'
run_release() {
    airflow dags test vesting_lots_release --conf "$1" 2>&1 | tee "$state/demo/vesting_lots_release.log" |
        python bin/follow_tasks.py | first_lots
}
run_release '{"as_of_date": "2025-06-30", "max_lots": 100000, "dry_run": false}' || status=$?

show 'Number of lots:' 'SELECT status, count(*) AS lots, sum(amount) AS amount, sum(released_amount) AS released,
    sum(remaining_amount) AS remaining FROM vault_vesting_lots GROUP BY status ORDER BY status'
show 'Lots by user (the first five):' 'SELECT user_id, count(*) AS lot_count, sum(amount) AS total_amount,
    sum(released_amount) AS total_released, sum(remaining_amount) AS total_remaining
    FROM vault_vesting_lots GROUP BY user_id ORDER BY total_amount DESC LIMIT 5'
show 'Lots by release day (the next five):' "SELECT release_day, count(*) AS lot_count, sum(amount) AS total_amount,
    sum(remaining_amount) AS total_remaining FROM vault_vesting_lots WHERE status = 'VESTED' AND release_day > '2025-06-30'
    GROUP BY release_day ORDER BY release_day LIMIT 5"
show 'Lots that were mature and were left, and why:' "SELECT reason, count(*) AS lots, sum(amount) AS amount
    FROM vesting_release_outcomes WHERE outcome = 'LEFT' GROUP BY reason ORDER BY reason"
show 'Locks against lots:' "SELECT 'wallet_locks' AS source, sum(amount) AS total_locked FROM wallet_locks
    WHERE reason = 'VAULT_AVENIR_VESTING' AND status = 'ACTIVE' AND reference_type = 'VAULT' AND currency = 'AED'
    UNION ALL SELECT 'vesting_lots', sum(remaining_amount) FROM vault_vesting_lots WHERE status = 'VESTED' AND currency = 'AED'"
show 'They are equal but for these users:' "SELECT * FROM vesting_lock_differences WHERE currency = 'AED'"
exit "$status"
