# Corrects the four breaks that the backfill of Open Collective leaves, on the word of the source.
# shellcheck shell=bash
fresh_database demo_corrections ledger_db

say 'First the backfill, with its four breaks.'
run_dag ledger_backfill '{
    "dry_run": false,
    "source": "opencollective/ledger_entries.csv",
    "accounts": "opencollective/bank_accounts.csv",
    "expected_balances": "opencollective/expected_balances.csv",
    "accept_breaks": 4
}'
breaks='SELECT account_id, expected, actual, difference, cause FROM trueup.balance_breaks
    WHERE run_id = (SELECT run_id FROM trueup.runs ORDER BY started_at DESC LIMIT 1) ORDER BY abs(difference) DESC, account_id'
show 'Breaks after the backfill:' "$breaks"

say 'What would be corrected? A dry run proposes, and takes back what it executes.'
run_dag ledger_corrections '{"dry_run": true, "trust": "source"}'
show 'Proposals:' 'SELECT subject, expected, actual, debit_account_id, credit_account_id, amount FROM trueup.proposed_corrections
    ORDER BY number'

say 'The proposals are posted. A person would approve them under Required Actions; here the digest of the dry run does.'
digest=$(query 'SELECT digest FROM trueup.run_overview ORDER BY started_at DESC LIMIT 1' -At)
status=0
run_dag ledger_corrections '{"dry_run": false, "trust": "source", "approval": "auto", "approved_digest": "'"$digest"'"}' || status=$?
show_report
show 'Corrections in the audit log:' "SELECT event FROM trueup.audit_log WHERE stage = 'document' ORDER BY id"
show 'Breaks after the corrections:' "$breaks"
exit "$status"
