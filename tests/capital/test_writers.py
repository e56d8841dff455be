"""The app goes on writing: while history fills, at the cutover, after it, and on the way back.

Its sessions have a plain role of their own. What they committed must stand to the last row, and
capital must be to the cent what an independent recomputation says, whenever anybody looks.
"""

import threading
import time
from contextlib import closing
from typing import Any

import psycopg
import pytest

import juntas as hand
from databases import Database
from juntas import Writer
from trueup import errors, statements
from trueup.errors import Transient


@pytest.fixture
def writers(juntas: Database, role: str):
    """Three sessions of the app that write all the time, each its own rows."""
    writing = [Writer(juntas, role, number, writers=3) for number in range(3)]
    yield [writer.start() for writer in writing]
    for writer in writing:
        writer.stop()


def stop(writers: list[Writer]) -> None:
    for writer in writers:
        writer.stop()


def deadlocks(database: Database) -> int:
    return database.value(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )


def check(database: Database, writers: list[Writer], **tables: str) -> None:
    """Nobody was refused, nothing was lost, nobody met a deadlock."""
    assert [writer.errors for writer in writers] == [[] for _ in writers]
    assert hand.lost(database, writers, **tables) == []
    assert deadlocks(database) == 0


def tell(capsys: Any, what: str, writers: list[Writer], **when: float) -> None:
    """Print what a writer waited at most: a figure for people, and no test of the machine."""
    longest = max(writer.longest(**when) for writer in writers)
    with capsys.disabled():
        print(
            f"\n    {what}: {sum(len(writer.took) for writer in writers)} transactions beside "
            f"it, the longest took {longest * 1000:.0f} ms"
        )


def test_the_app_writes_all_through_a_migration_and_its_way_back_and_loses_nothing(
    books, juntas, writers, capsys
):
    """Filling, proving, cutting over, afterwards, and back again: three sessions never stop."""
    for writer in writers:
        writer.wrote(20)
    attempt = books.begin(batch_size=25).to_validated()
    for writer in writers:  # after the history was read, before anything follows
        writer.wrote(20)
    attempt.open_posting().post()
    for writer in writers:
        writer.wrote(20)
    attempt.catch_up().check_balances().constrain().expect().reconcile()

    began = time.monotonic()
    attempt.cut_over()
    ended = time.monotonic()
    for writer in writers:
        writer.wrote(60)
    attempt.complete()
    assert attempt.row.status == "completed", attempt.row.message
    tell(capsys, "cutover", writers, since=began, until=ended)

    began = time.monotonic()
    assert attempt.roll_back()["proof"] == "equal"
    ended = time.monotonic()
    for writer in writers:
        writer.wrote(30)
    stop(writers)
    tell(capsys, "way back", writers, since=began, until=ended)
    check(juntas, writers)
    assert juntas.value("SELECT to_regclass('capital_movements')") is None


def test_capital_is_exact_to_the_cent_however_much_the_app_wrote_meanwhile(books, juntas, writers):
    attempt = books.begin(batch_size=25).to_posting()
    for writer in writers:
        writer.wrote(30)
    hand.prove(attempt).cut_over().complete()
    for writer in writers:
        writer.wrote(100)
    stop(writers)
    check(juntas, writers)
    assert hand.stored(juntas) == hand.total(hand.due(juntas))
    # Each row that is due has one movement, of its own amount and junta, and nothing else has.
    due = {(one.table, one.row_id): (one.junta_id, one.signed) for one in hand.due(juntas)}
    assert hand.booked(juntas) == due
    assert sum((writer.did for writer in writers), start=type(writers[0].did)()).keys() >= {
        "save", "fine", "lend", "pay", "grow", "decide", "repay", "take_back", "forgive", "several",
    }  # fmt: skip
    # Those that went on with the old tables would find the same: the way back loses no write.
    check(juntas, writers, loans="PrestamoOld", payments="PagoPrestamoOld")
    old = hand.due(juntas, loans="PrestamoOld", payments="PagoPrestamoOld")
    assert hand.total(old) == hand.total(hand.due(juntas))


@pytest.mark.parametrize("made", ["while history fills", "after success"])
def test_what_is_written_before_a_way_back_stands_after_it(books, juntas, writers, made):
    attempt = books.begin(batch_size=25).to_posted()
    if made == "after success":
        hand.prove(attempt).cut_over().complete()
    for writer in writers:
        writer.wrote(60)
    assert attempt.roll_back()["proof"] == "equal"
    for writer in writers:
        writer.wrote(10)
    stop(writers)
    check(juntas, writers)
    row = attempt.row
    assert (row.status, row.state_hash_after) == ("rolled_back", row.state_hash_before)


def test_a_writer_that_meets_a_batch_waits_for_it_and_neither_is_killed(books, juntas, role):
    """With a row in the shadow already it would have the batch wait for it, and be the victim."""
    attempt = books.begin(batch_size=1_000).to_posting()
    loan = juntas.value('SELECT min(id) FROM "Prestamo"')
    with closing(hand.app(juntas, role)) as session, closing(attempt.connect()) as batch:
        with batch.transaction():
            batch.execute("SELECT hold_juntas(%s, 1, 1000)", [attempt.run_id])
            waiting = threading.Thread(
                target=session.execute,
                args=('UPDATE "Prestamo" SET description = %s WHERE id = %s', ["meanwhile", loan]),
            )
            waiting.start()
            wait_for_a_lock(juntas)
            batch.execute("SELECT post_history(%s, 1, 1000)", [attempt.run_id])
        waiting.join(10)
        assert not waiting.is_alive()
    carried = juntas.row('SELECT description, amount FROM "PrestamoNew" WHERE id = %s', loan)
    assert carried.description == "meanwhile"
    assert deadlocks(juntas) == 0


def wait_for_a_lock(database: Database) -> None:
    """Until somebody waits for a lock in this database."""
    for _ in range(500):
        if database.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            return
        time.sleep(0.01)
    raise AssertionError("nobody waits for a lock")


def test_a_cutover_waits_for_nobody_while_it_holds_up_others(books, juntas, role):
    """Somebody holds a loan for a second: each try gives up, and other writers pass between."""
    attempt = hand.prove(books.begin().to_posting())
    holder = hand.app(juntas, role)
    loan = juntas.value('SELECT min(id) FROM "Prestamo"')
    holder.execute("BEGIN")
    holder.execute('UPDATE "Prestamo" SET description = %s WHERE id = %s', ["held", loan])
    beside = Writer(juntas, role, 1, writers=2).start()
    failed: list[BaseException] = []

    def cut() -> None:
        try:
            attempt.cut_over()
        except BaseException as error:
            failed.append(error)

    cutting = threading.Thread(target=cut)
    cutting.start()
    beside.wrote(40)
    assert cutting.is_alive() or failed
    assert juntas.value("SELECT to_regclass('\"PrestamoOld\"')") is None
    holder.execute("COMMIT")
    cutting.join(60)
    beside.wrote(20)
    beside.stop()
    assert not failed, failed
    assert beside.errors == []
    attempt.complete()
    assert juntas.value('SELECT description FROM "Prestamo" WHERE id = %s', loan) == "held"
    assert hand.stored(juntas) == hand.total(hand.due(juntas))
    assert deadlocks(juntas) == 0


def test_a_cutover_that_never_gets_its_locks_leaves_the_old_schema(
    books, juntas, role, monkeypatch
):
    """The app is never held up for long, and what the task says names the tables."""
    attempt = hand.prove(books.begin().to_posting())
    text = statements.text  # it is tried for a minute; here a second has to do
    monkeypatch.setattr(statements, "text", lambda name: text(name).replace("60)", "1)"))
    with closing(hand.app(juntas, role)) as holder, holder.transaction():
        holder.execute('UPDATE "Prestamo" SET description = NULL')
        with pytest.raises(psycopg.errors.LockNotAvailable, match="have kept the tables") as kept:
            attempt.cut_over()
        assert isinstance(errors.from_database(kept.value), Transient)
        with closing(hand.app(juntas, role)) as other:
            other.execute("INSERT INTO \"Accion\" (id, type, amount, junta_id) "
                          'SELECT \'late\', \'MENSUAL\', 5, min(id) FROM "Junta"')  # fmt: skip
    assert juntas.value("SELECT to_regclass('\"PrestamoOld\"')") is None
    attempt.cut_over().complete()
    assert hand.stored(juntas) == hand.total(hand.due(juntas))


@pytest.mark.parametrize("stands", ["while history fills", "after success"])
@pytest.mark.parametrize("first", ["the payment", "the move"])
def test_a_payment_is_of_the_junta_that_its_loan_moves_to_meanwhile(
    books, juntas, role, stands, first
):
    """Neither of the two sees what the other has not committed: one waits for the other."""
    attempt = books.begin().to_posted()
    if stands == "after success":
        hand.prove(attempt).cut_over().complete()
    loan, junta = juntas.row("SELECT id, junta_id FROM \"Prestamo\" WHERE status = 'PAID' LIMIT 1")
    other = juntas.value('SELECT max(id) FROM "Junta" WHERE id <> %s', junta)
    steps = {
        "the payment": (
            'INSERT INTO "PagoPrestamo" (id, amount, prestamo_id) VALUES (%s, 3, %s)',
            ["meanwhile", loan],
        ),
        "the move": ('UPDATE "Prestamo" SET junta_id = %s WHERE id = %s', [other, loan]),
    }
    second = next(name for name in steps if name != first)
    with closing(hand.app(juntas, role)) as one, closing(hand.app(juntas, role)) as two:
        one.execute("BEGIN")
        one.execute(*steps[first])
        waiting = threading.Thread(target=two.execute, args=steps[second])
        waiting.start()
        wait_for_a_lock(juntas)
        one.execute("COMMIT")
        waiting.join(10)
        assert not waiting.is_alive()
    assert hand.booked(juntas)["PagoPrestamo", "meanwhile"][0] == other
    assert deadlocks(juntas) == 0
    assert juntas.rows("SELECT * FROM verify_migration('movements')") == []


@pytest.mark.parametrize(
    ("table", "some"), [("Prestamo", "status IN ('PENDING', 'REJECTED')"), ("PagoPrestamo", "TRUE")]
)
def test_what_a_writer_of_an_older_snapshot_leaves_behind_is_seen_under_the_lock_of_the_cutover(
    books, juntas, role, table, some
):
    """It saw neither the movement nor the row in the shadow: both came after its snapshot."""
    attempt = books.begin().to_posting()
    with closing(hand.app(juntas, role)) as session:
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        (row_id,) = session.execute(f'SELECT min(id) FROM "{table}" WHERE {some}').fetchone()
        hand.prove(attempt)
        session.execute(f'DELETE FROM "{table}" WHERE id = %s', [row_id])
        session.execute("COMMIT")
    with pytest.raises(errors.DataFailure, match=f"was not followed: .*{row_id}"):
        attempt.cut_over()
    assert juntas.value("SELECT to_regclass('\"PrestamoOld\"')") is None
    assert attempt.roll_back()["proof"] == "equal"
    assert not juntas.rows(f'SELECT 1 FROM "{table}" WHERE id = %s', row_id)


def test_an_accion_does_not_go_from_an_older_snapshot_and_leave_its_movement(books, juntas, role):
    """The movement's key sees what that snapshot does not."""
    attempt = books.begin().to_posting()
    with closing(hand.app(juntas, role)) as session:
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        (row_id,) = session.execute('SELECT min(id) FROM "Accion"').fetchone()
        hand.prove(attempt)
        session.execute('DELETE FROM "Accion" WHERE id = %s', [row_id])
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            session.execute("COMMIT")
    attempt.cut_over().complete()
    assert hand.stored(juntas) == hand.total(hand.due(juntas))


def test_from_the_cutover_on_a_writer_of_an_older_snapshot_has_to_try_again(books, juntas, role):
    with closing(hand.app(juntas, role)) as session:
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        session.execute("SELECT 1")
        hand.migrate(books.begin())
        row_id = juntas.value('SELECT min(id) FROM "Accion"')
        with pytest.raises(psycopg.errors.SerializationFailure):
            session.execute('DELETE FROM "Accion" WHERE id = %s', [row_id])
        session.execute("ROLLBACK")
        session.execute('DELETE FROM "Accion" WHERE id = %s', [row_id])
    assert hand.stored(juntas) == hand.total(hand.due(juntas))


def test_before_the_cutover_nothing_is_refused_that_the_old_schema_accepts(books, juntas, role):
    """A third of 250 is no whole cents: the app may write it, and the run is taken back over it."""
    attempt = hand.prove(books.begin().to_posting())
    junta = juntas.value('SELECT min(id) FROM "Junta"')
    with closing(hand.app(juntas, role)) as session:
        for status in ("PENDING", "ANULADO"):
            session.execute(
                'INSERT INTO "Prestamo" (id, amount, status, junta_id) VALUES (%s, %s, %s, %s)',
                [f"third {status}", 250 / 3, status, junta],
            )
        session.execute(
            'INSERT INTO "PagoPrestamo" (id, amount, prestamo_id) VALUES (%s, %s, %s)',
            ["third", 250 / 3, "third PENDING"],
        )
    with pytest.raises(errors.DataFailure, match="third"):
        attempt.cut_over()
    assert attempt.roll_back()["proof"] == "equal"
    assert juntas.value("SELECT amount FROM \"PagoPrestamo\" WHERE id = 'third'") == 250 / 3


def test_rules_of_loans_and_payments_stand_validated_behind_the_cutover(books, juntas):
    attempt = hand.prove(books.begin().to_posting())
    rules = (
        "SELECT conname, convalidated FROM pg_constraint WHERE conname IN "
        "('Prestamo_loan_in_cents', 'Prestamo_status_known', 'PagoPrestamo_payment_in_cents') "
        "ORDER BY conname"
    )
    assert juntas.rows(rules) == []
    attempt.cut_over()
    assert [tuple(row) for row in juntas.rows(rules)] == [
        ("PagoPrestamo_payment_in_cents", True),
        ("Prestamo_loan_in_cents", True),
        ("Prestamo_status_known", True),
    ]


def test_what_comes_late_is_caught_up_with_though_its_juntas_are_never_free_at_one_moment(
    books, juntas, role
):
    """Of two busy juntas one is always held; each of them is free now and then."""
    hold = statements.text("capital/functions/hold_juntas").replace("10 seconds", "1 second")
    with closing(psycopg.connect(juntas.conninfo, autocommit=True)) as owner:
        owner.execute(hold)
    attempt = books.begin(batch_size=8).to_posted()
    busy = [row.id for row in juntas.rows('SELECT id FROM "Junta" ORDER BY id LIMIT 2')]
    for number in range(8):
        juntas.do(
            'INSERT INTO "Accion" (id, amount, junta_id) VALUES (%s, 1, %s)',
            f"late {number}", busy[number % 2],
        )  # fmt: skip
    over = threading.Event()
    ready = threading.Event()

    def keep() -> None:
        with closing(hand.app(juntas, role)) as session:
            lock = "SELECT pg_advisory_{}_shared(hashtext('trueup capital'), capital_bucket(%s))"
            session.execute(lock.format("lock"), [busy[0]])
            ready.set()
            while not over.is_set():
                for taken, let_go in (busy[::-1], busy):
                    session.execute(lock.format("lock"), [taken])
                    session.execute(lock.format("unlock"), [let_go])
                    time.sleep(0.1)

    keeping = threading.Thread(target=keep)
    keeping.start()
    ready.wait(10)
    attempt.catch_up()
    over.set()
    keeping.join(10)
    attempt.check_balances()
    assert attempt.row.total_read == 603 + 8


def test_a_plain_role_needs_no_right_that_it_did_not_have(books, juntas, role):
    """Followers and rules work with rights of their own; the app's role sees none of ours."""
    hand.migrate(books.begin())
    with closing(hand.app(juntas, role)) as session:
        session.execute(
            "INSERT INTO \"Multa\" (id, amount, status, junta_id) "
            'SELECT \'by the app\', 2.50, \'PAID\', min(id) FROM "Junta"'
        )  # fmt: skip
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("SELECT count(*) FROM trueup.runs")
    assert hand.booked(juntas)["Multa", "by the app"][1] == hand.Decimal("2.50")


@pytest.mark.parametrize("attached", ["before the cutover", "after it"])
def test_nobody_can_have_a_follower_do_with_our_rights_what_he_tells_it(
    books, juntas, role, attached
):
    """Attached to a table of his own, its arguments and the rows would be the attacker's."""
    attempt = books.begin().to_posting()
    if attached == "after it":
        hand.prove(attempt).cut_over().complete()
    juntas.do(
        f"GRANT TEMPORARY ON DATABASE {psycopg.sql.Identifier(juntas.name).as_string(None)} "
        f"TO {role}"
    )
    with closing(hand.app(juntas, role)) as session:
        session.execute(
            "CREATE TEMPORARY TABLE forged (id TEXT, type TEXT, amount NUMERIC, junta_id TEXT, "
            "created_at TIMESTAMPTZ, direction TEXT)"
        )
        for number, call in enumerate(
            (
                "follow_shadow('PrestamoNew', '{id}')",
                "follow_capital('ACCION')",
                "log_capital_change('a run', 'Junta')",
                "hold_writer('ACCION')",
            )
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="for function"):
                session.execute(
                    f"CREATE TRIGGER forged_{number} AFTER INSERT ON forged FOR EACH ROW "
                    f"EXECUTE FUNCTION {call}"
                )
        for function in ("note_capital", "move_capital"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="for function"):
                session.execute(
                    f"CREATE TRIGGER {function} AFTER INSERT ON forged REFERENCING NEW TABLE AS "
                    f"these FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
                )
        before = hand.booked(juntas)
        session.execute(
            "INSERT INTO \"Accion\" (id, type, amount, junta_id) "
            "SELECT 'honest', 'MENSUAL', 2.5, min(id) FROM \"Junta\""
        )  # fmt: skip
    now = hand.booked(juntas)
    assert now.keys() - before.keys() == {("Accion", "honest")}
