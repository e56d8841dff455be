# Backfills the ledger of Open Collective, into the ledger of the embedded server.
# shellcheck shell=bash
# shellcheck disable=SC2154 # bin/demo gives postgres_port
case $AIRFLOW_CONN_LEDGER_DB in
    *@127.0.0.1:"$postgres_port"/*) ;;
    *)
        echo 'AIRFLOW_CONN_LEDGER_DB leads to a server of your own, and the demo would post its sample there. Unset it for the demo.' >&2
        exit 1
        ;;
esac
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
