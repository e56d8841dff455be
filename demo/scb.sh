# Synchronises a ledger with a sovereign central bank that throttles, loses answers and refuses one entry.
# shellcheck shell=bash
# shellcheck disable=SC2154 # bin/demo gives root and state
fresh_database demo_scb ledger_db

bank=http://127.0.0.1:$(python bin/free_ports.py 1 "$root/scb")
SCB_TOKEN=$(python -c 'import secrets; print(secrets.token_urlsafe(18))')
export SCB_TOKEN
uvicorn demo.scb_server:app --port "${bank##*:}" --log-level warning >"$state/demo/scb_server.log" 2>&1 &
scb_server=$!
trap 'kill "$scb_server"' EXIT
AIRFLOW_CONN_SCB=$(printf '{"conn_type": "http", "host": "http://127.0.0.1", "port": %s, "password": "%s", "extra": {"trueup_source": true}}' \
    "${bank##*:}" "$SCB_TOKEN")
export AIRFLOW_CONN_SCB

say 'Our own ledger first, the sample of Open Collective, each entry with a row in the outbox.'
run_dag ledger_backfill '{
    "dry_run": false,
    "source": "opencollective/ledger_entries.csv",
    "accounts": "opencollective/bank_accounts.csv",
    "outbox": true
}'

say 'The bank has 60 entries that we lack. It throttles every 40th call, loses two answers, and will not book one of our entries.'
python -m demo.fill_scb "$bank" central
show 'The outbox before:' 'SELECT status, count(*) FROM dual_ledger_outbox GROUP BY status ORDER BY status'

status=0
run_dag scb_ledger_sync '{
    "dry_run": false,
    "sovereign_bank_id": "central",
    "start_date": "2015-01-01",
    "end_date": "2018-12-31"
}' || status=$?
show_report
show 'The outbox after:' 'SELECT status, count(*) FROM dual_ledger_outbox GROUP BY status ORDER BY status'
show 'What was refused:' "SELECT entry.reference_id, outbox.attempts, outbox.last_error
    FROM dual_ledger_outbox AS outbox JOIN ledger_entries AS entry ON entry.id = outbox.entry_id WHERE outbox.status = 'FAILED'"
show 'Entries here, by ledger:' 'SELECT ledger_id, count(*) AS entries FROM ledger_entries GROUP BY ledger_id ORDER BY ledger_id'
say 'Entries there:'
python -m demo.fill_scb "$bank" central --count
exit "$status"
