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
