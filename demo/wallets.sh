# Repairs the wallets of the published report in one run, and prints its table beside ours.
# shellcheck shell=bash
fresh_database demo_wallets wallet_db

say 'The state before the repair, as the report published it:'
python -m trueup.migrations wallet 2>/dev/null
python -m demo.wallet_state "$AIRFLOW_CONN_WALLET_DB"

say 'What would be done? A dry run executes it, and takes it back.'
run_dag wallet_backfill '{"dry_run": true, "true_up": true}'

say 'The run: coins that moved beside the journal are trued up.'
status=0
run_dag wallet_backfill '{"dry_run": false, "true_up": true}' || status=$?
show_report
show 'Before, after as published, and after this run:' "$(<demo/wallet_comparison.sql)"
show 'What was booked:' 'SELECT type, count(*) AS transactions FROM coin_ledger_transactions WHERE run_id IS NOT NULL
    GROUP BY type ORDER BY type'
exit "$status"
