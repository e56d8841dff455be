"""Capital: the juntas of a lending app, their loans and payments, and what each of them moves.

After the document "Capital Tracking Migration Guide".
"""

from trueup.systems.declaration import Constraint, System

_ROW = {"id": "text", "junta_id": "text", "created_at": "timestamp with time zone"}

CAPITAL = System(
    name="capital",
    connection_id="capital_db",
    dags=("capital_tracking_migration",),
    backfill="capital_tracking_migration",
    # Amounts are floats in the app's tables and numeric in those that take their place: the audit
    # looks at them.
    tables={
        "Junta": {"id": "text", "name": "text"},
        "Prestamo": _ROW | {"status": "text"},
        "PagoPrestamo": {
            "id": "text",
            "prestamo_id": "text",
            "date": "timestamp with time zone",
        },
        "Accion": _ROW | {"type": "text"},
        "Multa": _ROW | {"status": "text"},
    },
    unique_keys=(
        ("Junta", ("id",)),
        ("Prestamo", ("id",)),
        ("PagoPrestamo", ("id",)),
        ("Accion", ("id",)),
        ("Multa", ("id",)),
    ),
    # Named as they stand after the cutover, when the shadow tables have the app's names.
    constraints=(
        Constraint("Prestamo", "loan_in_cents", at_cutover=True),
        Constraint("Prestamo", "status_known", at_cutover=True),
        Constraint("PagoPrestamo", "payment_in_cents", at_cutover=True),
        Constraint("capital_movements", "amount_positive"),
        Constraint("capital_movements", "type_known"),
        Constraint("capital_movements", "direction_of_type"),
        Constraint("capital_movements", "one_source"),
        Constraint("capital_movements", "junta_known"),
        Constraint("capital_movements", "prestamo_known"),
        Constraint("capital_movements", "pago_known"),
        Constraint("capital_movements", "multa_known"),
        Constraint("capital_movements", "accion_known"),
    ),
    # Four tables, so none that could be named and examined as one.
    derived={"history": ()},
    nightly_checks=(
        "capital_discrepancy",
        "missing_movements",
        "broken_movements",
        "lagging_rows",
    ),
    state="the lending app's tables and their schema",
    # Ids are keys, so no reference stands twice; juntas are the app's, and none is opened, exempt
    # or restored. What others write meanwhile is followed: the source need not be held still. No
    # outbox; no rows from files; nothing to reverse by entries, for the way back is an undo.
    without=frozenset(
        {
            "audit/list_differing_accounts",
            "audit/list_duplicate_references",
            "audit/list_inconsistent_balances",
            "audit/list_opening_balances",
            "constrain/clear_exemption",
            "constrain/insert_probe",
            "constrain/list_overdrawn",
            "derive/list_left_aside",
            "derive/lock_source",
            "fingerprint/count_foreign_changes",
            "ingest/delete_staged_accounts",
            "nightly/learn_openings",
            "post/exempt_accounts",
            "post/insert_baseline",
            "post/lock_books",
            "post/lock_checkpoint",
            "post/mark_checkpoint",
            "post/open_checkpoint",
            "post/read_high_water_mark",
            "post/save_checkpoint",
            "reconcile/date_expected",
            "reconcile/list_leg_breaks",
            "reconcile/total_legs",
            "reconcile/total_trial_balance",
            "roll_back/count_delivered",
            "roll_back/count_reversed",
            "roll_back/delete_accounts",
            "roll_back/exempt_accounts",
            "roll_back/list_differing_accounts",
            "roll_back/list_spent",
            "roll_back/lock_entries",
            "roll_back/lock_outbox",
            "roll_back/reverse_entries",
            "validate/count_overlap",
            "validate/insert_movements",
            "validate/list_conflicting_plain",
            "validate/list_overdrawn",
            "validate/mark_repeated",
            "validate/quarantine_conflicts",
            "validate/quarantine_unknown_accounts",
        }
    ),
    backed_up=True,
    makes=(
        "PrestamoNew",
        "PagoPrestamoNew",
        "PrestamoOld",
        "PagoPrestamoOld",
        "capital_movements",
    ),
    fields=("kind", "id", "juntaId", "amount", "status"),
    held_against="The movements of every junta, kind by kind, were held against sums of the app's "
    "own tables, each table summed apart",
    fed_back="To feed them back, mend the rows in the app's tables: once the migration has cut "
    "over, its rules book them at once; before, trigger capital_tracking_migration again",
    nothing_derived={
        "history": "There are no acciones, multas, loans and payments; there is no history to "
        "book. Check the connection capital_db."
    },
)
