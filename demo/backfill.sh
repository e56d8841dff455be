# Backfills the ledger of Open Collective, into the ledger that is configured.
# shellcheck shell=bash
settings='{
    "dry_run": false,
    "source": "opencollective/ledger_entries.csv",
    "accounts": "opencollective/bank_accounts.csv",
    "expected_balances": "opencollective/expected_balances.csv",
    "accept_breaks": 4
}'
status=0
run_dag ledger_backfill "$settings" || status=$?
show_report
exit "$status"
