# Migrates juntas to capital tracking: it is refused, then tampered with and taken back, then done; and its rules are tried.
# shellcheck shell=bash
# shellcheck disable=SC2154 # bin/demo gives demo_database and the passwords
fresh_database demo_capital capital_db
python -m trueup.migrations capital 2>/dev/null
python -m demo.juntas "$AIRFLOW_CONN_CAPITAL_DB" --juntas 8 --movements 4000 --above 3 --dirt fraction
show 'Juntas as the app left them; some amounts are no whole cents:' 'SELECT count(*) AS juntas,
    (SELECT count(*) FROM "Member") AS members, (SELECT count(*) FROM "Accion") AS acciones, (SELECT count(*) FROM "Multa") AS multas,
    (SELECT count(*) FROM "Prestamo") AS loans, (SELECT count(*) FROM "PagoPrestamo") AS payments FROM "Junta"'

# A line for each table is what the log is for.
migrate() { run_dag capital_tracking_migration "$1" | { grep -vE --line-buffered 'rows hashed$|pg_dump: |pg_restore: ' || true; }; }

say 'What would be done? A dry run executes it, and takes it back. This one is refused: it names what is wrong.'
if migrate '{"dry_run": true}'; then
    say 'Wrong amounts were not found. That must not be.'
    exit 1
fi

say 'They are mended where they stand, in the tables of the app:'
for table in Accion Multa Prestamo PagoPrestamo; do
    query "UPDATE \"$table\" SET amount = round(amount::NUMERIC, 2) WHERE amount::TEXT::NUMERIC <> round(amount::TEXT::NUMERIC, 2)
        RETURNING '$table' AS mended, id, amount"
done

say 'The run. Meanwhile somebody exchanges the amounts of two movements, so that every total stays what it was.'
PGPASSWORD=$runner_password psql -qX -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$postgres_port" -U trueup_runner -d "$demo_database" \
    -f demo/capital_tampering.sql &
tampering=$!
if migrate '{"dry_run": false}'; then
    say 'The exchange was not seen. That must not be.'
    exit 1
fi
wait "$tampering"
last='FROM trueup.runs WHERE NOT dry_run ORDER BY started_at DESC LIMIT 1'
say 'How it ended:'
query "SELECT message $last" -At | fold -s -w 120
show 'The state before it, and the state after it was taken back:' "SELECT regexp_split_to_table(concat_ws(' ', state_hash_before,
    state_hash_after), ' ') AS state, state_hash_before = state_hash_after AS equal $last"
[ "$(query "SELECT state_hash_before = state_hash_after $last" -At)" = t ]
show 'Tables of the migration that are left:' "SELECT count(*) AS tables FROM pg_tables WHERE schemaname = 'public'
    AND tablename IN ('capital_movements', 'PrestamoNew', 'PagoPrestamoNew', 'PrestamoOld', 'PagoPrestamoOld')"

say 'And now nobody interferes.'
status=0
migrate '{"dry_run": false}' || status=$?
show_report
[ "$status" = 0 ] || exit "$status"
show 'Capital of every junta, and what the old tables add up to in plain SQL:' "$(<demo/capital_independent.sql)"
[ "$(query "SELECT count(*) FROM ($(<demo/capital_independent.sql)) AS told WHERE difference <> 0" -At)" = 0 ]
show 'Loans that were above the capital of their time:' 'SELECT junta.name AS junta, movement.created_at, movement.amount
    FROM capital_movements AS movement JOIN "Junta" AS junta ON junta.id = movement.junta_id WHERE movement.over_available ORDER BY 1, 2'

# refused WORDS STATEMENT: tries what must not be; the demo fails when it is let pass.
refused() {
    local said
    say "$1"
    if said=$(query "$2" -v SHOW_CONTEXT=never 2>&1); then
        say 'It was let pass. That must not be.'
        exit 1
    fi
    printf '%s\n' "$said"
}
refused 'A new loan of one cent more than its junta has:' "INSERT INTO \"Prestamo\" (id, amount, status, junta_id)
    SELECT 'too-much', available_capital + 0.01, 'APPROVED', id FROM \"Junta\" ORDER BY name LIMIT 1"
refused "A movement whose direction is 'ingreso':" "INSERT INTO capital_movements (amount, type, direction, junta_id, accion_id)
    SELECT amount, 'ACCION', 'ingreso', junta_id, id FROM \"Accion\" LIMIT 1"
