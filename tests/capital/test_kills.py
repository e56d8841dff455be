"""Whoever dies, and wherever: the old schema is whole or the new one is, and a re-run finishes.

Every statement of the opening, of a batch, of the cutover and of the way back is a kill point,
before and after it. A worker dies three ways: its process (an exception that nobody catches), its
session (the server ends it), and by SIGKILL of a real process in the middle of a statement.
"""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from typing import Any

import psycopg
import pytest

import juntas as hand
from databases import Database
from runs import Attempt, Books, Killed, Strike, raise_killed
from trueup import batches, fingerprints, journal, opening, statements
from trueup.errors import Refused, Transient
from trueup.sources import files
from trueup.stages import cut_over, roll_back
from trueup.systems import CAPITAL

PARAMS = {"source": "history", "source_type": "HISTORY", "batch_size": 200}

# All that an app could notice: tables with their columns, rules, indexes, triggers and rights.
_SCHEMA = r"""
    SELECT 'column' AS kind, attrelid::REGCLASS::TEXT AS of_table, attname::TEXT AS name,
        concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid))
        AS said
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attnum > 0 AND NOT attisdropped AND attrelid IN (
        SELECT oid FROM pg_class
        WHERE relnamespace = 'public'::REGNAMESPACE AND relkind IN ('r', 'v')
    )
    UNION ALL
    SELECT 'constraint', conrelid::REGCLASS::TEXT, conname,
        pg_get_constraintdef(oid) || convalidated
    FROM pg_constraint WHERE connamespace = 'public'::REGNAMESPACE
    UNION ALL
    SELECT 'index', indrelid::REGCLASS::TEXT, indexrelid::REGCLASS::TEXT,
        pg_get_indexdef(indexrelid) || indisvalid
    FROM pg_index
    WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::REGNAMESPACE)
    UNION ALL
    SELECT 'trigger', tgrelid::REGCLASS::TEXT, tgname,
        regexp_replace(pg_get_triggerdef(oid), 'capital_tracking_migration-[\w-]+', 'the run')
    FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL
    SELECT 'right', oid::REGCLASS::TEXT, '', relacl::TEXT FROM pg_class
    WHERE relnamespace = 'public'::REGNAMESPACE AND relkind = 'r'
    ORDER BY 1, 2, 3, 4
"""


def schema(database: Database) -> list[Any]:
    return database.rows(_SCHEMA)


def rows(database: Database, tables: tuple[str, ...]) -> dict[str, list[Any]]:
    """Every row as text, table by table; a table that is not there has none."""
    found = {}
    for table in tables:
        if database.value("SELECT to_regclass(%s) IS NOT NULL", f'"{table}"'):
            found[table] = database.rows(f'SELECT t::TEXT FROM "{table}" AS t ORDER BY 1')
    return found


def state(database: Database) -> dict[str, Any]:
    """What a migration leaves, without the ids and times that differ from one to the next."""
    return {
        "schema": schema(database),
        "rows": rows(database, (*hand.TABLES, "PrestamoOld", "PagoPrestamoOld", "Member")),
        "movements": database.rows(
            "SELECT amount, type, direction, created_at, junta_id, prestamo_id, multa_id, "
            "accion_id, pago_id FROM capital_movements ORDER BY 2, 6, 7, 8, 9"
        )
        if database.value("SELECT to_regclass('capital_movements') IS NOT NULL")
        else None,
    }


def world(database: Database) -> str:
    """Whether the app meets the old schema or the new one; each must be whole."""
    loans = database.value(
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attrelid = '\"Prestamo\"'::REGCLASS AND attname = 'amount'"
    )
    new = loans.startswith("numeric")
    there = database.row(
        """
        SELECT to_regclass('"PrestamoOld"') IS NOT NULL AS old_loans,
            to_regclass('"PagoPrestamoOld"') IS NOT NULL AS old_payments,
            (SELECT count(*) FROM pg_attribute WHERE attrelid = '"Junta"'::REGCLASS
                AND attname IN ('current_capital', 'base_capital', 'available_capital')
                AND NOT attisdropped) AS columns,
            (SELECT format_type(atttypid, atttypmod) FROM pg_attribute
                WHERE attrelid = '"PagoPrestamo"'::REGCLASS AND attname = 'amount') AS payments
        """
    )
    assert there.old_loans == there.old_payments == new, there
    assert there.columns == 3 * new, there
    assert there.payments.startswith("numeric") == new, there
    if new:
        assert hand.stored(database) == hand.total(hand.due(database))
    return "new" if new else "old"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("inbox")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "GROWTH", 1.0)
        patch.setenv("TRUEUP_SOURCE_ROOTS", str(path))
        patch.setattr(opening, "GRACE_SECONDS", 0.0)
        yield path


def books_in(database: Database, folder: Any) -> Books:
    return Books(database, folder, PARAMS, system=CAPITAL)


def worker_of(books: Books) -> Attempt:
    """The worker of the only run, back at its desk."""
    run_id = books.database.value("SELECT run_id FROM trueup.runs WHERE NOT dry_run")
    connection = books.database.connect("worker")
    run = journal.read_run(connection, run_id)
    journal.hold_worker_lock(connection, run)
    return Attempt(
        books.database, connection, run_id, run.row.attempt, files.locate(run.plan), books.backups
    )


@pytest.fixture(scope="module")
def validated(server, history_template, folder):
    """A migration that has judged its rows and touched nothing of the app's."""
    database = server.create(history_template)
    books_in(database, folder).begin().to_validated().die()
    return database


@pytest.fixture(scope="module")
def half_posted(server, validated, folder):
    """One that has filled the first of its batches and whose worker went home."""
    books = books_in(server.create(validated), folder)
    worker = worker_of(books).open_posting()
    worker.post_one_batch()
    worker.die()
    return books.database


@pytest.fixture(scope="module")
def proved(server, half_posted, folder):
    """One that has only the cutover before it."""
    books = books_in(server.create(half_posted), folder)
    hand.prove(worker_of(books)).die()
    return books.database


@pytest.fixture(scope="module")
def completed(server, proved, folder):
    """One that is over."""
    books = books_in(server.create(proved), folder)
    worker_of(books).cut_over().complete().die()
    return books.database


@pytest.fixture(scope="module")
def undisturbed(completed):
    """The state in which a migration that nobody disturbs leaves the database."""
    assert world(completed) == "new"
    return state(completed)


@pytest.fixture(scope="module")
def untouched(history_template):
    """The state that a way back must lead to."""
    return state(history_template)


@pytest.fixture(params=["before", "after"])
def every_point(request, server, folder):
    """Takes a step again and again, each time in a database and with a worker of its own, and has
    the worker die before or after another one of the step's statements.

    What a step does alike for each constraint is struck once. To die after a statement is to die
    before the next: that is struck at every third only, and at the last.
    """

    def points(
        template: Database, step: Callable[[Attempt], Any]
    ) -> Iterator[tuple[Books, Strike]]:
        books = books_in(server.create(template), folder)
        worker = worker_of(books)
        names = statements_of(partial(step, worker))
        worker.die()
        server.drop(books.database)
        assert len(names) > 3
        alike = [re.sub(r"/(add|validate|probe|drop)_\w+$", r"/\1", name) for name in names]
        places = list(zip([None, *alike], alike, strict=False))
        for number, name in enumerate(names, start=1):
            if places[number - 1] in places[: number - 1]:
                continue
            if request.param == "after" and number % 3 and number != len(names):
                continue
            books = books_in(server.create(template), folder)
            worker = worker_of(books)
            strike = Strike(number, request.param, raise_killed)
            assert strike.during(partial(step, worker)), name
            worker.die()
            books.wait_until_nobody_works()
            yield books, strike
            server.drop(books.database)

    return points


def statements_of(step: Callable[[], Any]) -> list[str]:
    """The statements that a step makes when nobody disturbs it."""
    names: list[str] = []
    original = statements.execute

    def execute(connection: Any, name: str, /, **values: Any) -> Any:
        names.append(name)
        return original(connection, name, **values)

    statements.execute = execute
    try:
        step()
    finally:
        statements.execute = original
    return names


def resume(books: Books) -> Any:
    """Trigger the same again once the dead worker's session is gone, and run to the end."""
    books.wait_until_nobody_works()
    return hand.migrate(books.begin())


def goes_on(books: Books, strike: Any, undisturbed: Any) -> None:
    """The migration is triggered again, and ends as if nothing had been."""
    row = resume(books)
    assert row.status == "completed", (strike, row.message)
    assert world(books.database) == "new", strike
    assert state(books.database) == undisturbed, strike


def test_an_opening_that_dies_is_finished_by_the_next_attempt(every_point, validated, undisturbed):
    for books, strike in every_point(validated, Attempt.open_posting):
        assert world(books.database) == "old", strike
        goes_on(books, strike, undisturbed)


def test_a_batch_that_dies_is_whole_or_none_and_the_next_attempt_goes_on(
    every_point, half_posted, undisturbed
):
    for books, strike in every_point(half_posted, Attempt.post_one_batch):
        assert world(books.database) == "old", strike
        held = books.database.row(
            "SELECT (SELECT sum(posted) FROM trueup.run_ranges) AS told, "
            "(SELECT count(*) FROM capital_movements) AS booked, "
            "(SELECT count(*) FROM \"PrestamoNew\" WHERE status IN ('PENDING', 'REJECTED')) AS idle"
        )
        assert held.told == held.booked + held.idle, strike
        goes_on(books, strike, undisturbed)


def test_a_cutover_that_dies_leaves_the_old_schema_whole_or_the_new_one(
    every_point, proved, undisturbed
):
    met = set()
    for books, strike in every_point(proved, Attempt.cut_over):
        met.add(world(books.database))
        goes_on(books, strike, undisturbed)
    assert met == {"old", "new"}


# The way back


@pytest.fixture(scope="module")
def condemned(server, proved, folder):
    """A migration whose verification failed; nothing is undone yet."""
    books = books_in(server.create(proved), folder)
    worker = worker_of(books)
    journal.record_failure(worker.connection, worker.run(), "data", "A rule was broken.")
    worker.die()
    return books.database


@pytest.fixture(params=["before the cutover", "after success"])
def to_be_undone(request, condemned, completed):
    """A migration that is to be taken back, as far as it came."""
    return completed if request.param == "after success" else condemned


def take_back(books: Books) -> Any:
    """What the DAG rollback does with the only run, whoever died over it before."""
    books.wait_until_nobody_works()
    if books.database.value("SELECT status FROM trueup.runs") == "rolled_back":
        repeated = worker_of(books)  # only what comes after the last commit was lost
        done = repeated.roll_back()
        repeated.die()
        return done
    run_id = books.database.value("SELECT run_id FROM trueup.runs WHERE NOT dry_run")
    with closing(books.database.connect()) as connection:
        attempt = opening.Attempt("rollback", f"test-{time.monotonic_ns()}", "tester")
        run = opening.adopt_run(connection, run_id, attempt, lambda *_: False)
        return roll_back.roll_back(connection, run)


def test_a_way_back_that_dies_ends_the_same_when_repeated(every_point, to_be_undone, untouched):
    met = set()
    for books, strike in every_point(to_be_undone, Attempt.roll_back):
        met.add(world(books.database))
        take_back(books)
        run = books.database.row("SELECT * FROM trueup.runs WHERE NOT dry_run")
        assert run.status == "rolled_back", (strike, run.message)
        assert run.state_hash_after == run.state_hash_before, strike
        assert state(books.database) == untouched, strike
    assert "old" in met


def test_an_opening_that_died_and_is_not_resumed_leaves_nothing_on_the_app_s_tables(
    server, folder, validated, untouched, monkeypatch
):
    """Killed while the state hash is taken: the triggers stand, and the next trigger is another."""
    books = books_in(server.create(validated), folder)
    worker = worker_of(books)
    with monkeypatch.context() as patch:
        patch.setattr(fingerprints, "of_state", lambda *_: raise_killed(None))
        with pytest.raises(Killed):
            worker.open_posting()
    worker.die()
    books.wait_until_nobody_works()
    assert books.database.rows("SELECT 1 FROM pg_trigger WHERE tgname LIKE 'trueup%%'")

    attempt = books.begin(currency="PEN")

    former = books.database.row(
        "SELECT status, message FROM trueup.runs ORDER BY started_at LIMIT 1"
    )
    assert (former.status, "currency" in former.message) == ("refused", True)
    assert state(books.database) == untouched
    assert hand.migrate(attempt).status == "completed"
    assert world(books.database) == "new"


# The server ends the session, or the process is killed, in the middle of a statement


def step_of(name: str) -> Callable[[Attempt], Any]:
    return {
        "open": Attempt.open_posting,
        "post": Attempt.post,
        "cut over": Attempt.cut_over,
        "roll back": Attempt.roll_back,
    }[name]


MOMENTS = [0.0, 0.01, 0.03, 0.08, 0.15]


@pytest.mark.parametrize("step", ["open", "post", "cut over", "roll back"])
def test_a_session_that_the_server_ends_at_any_moment_leaves_a_whole_schema(
    server, folder, validated, half_posted, proved, completed, undisturbed, untouched, step
):
    """pg_terminate_backend in the middle of whatever statement runs after so many seconds."""
    template = {
        "open": validated, "post": half_posted, "cut over": proved, "roll back": completed,
    }[step]  # fmt: skip
    struck = 0
    for moment in MOMENTS:
        books = books_in(server.create(template), folder)
        worker = worker_of(books)
        struck += ends_after(server, worker, step_of(step), moment)
        worker.die()
        books.wait_until_nobody_works()
        met = world(books.database)
        assert met in {"cut over": ("old", "new"), "roll back": ("old", "new")}.get(step, ("old",))
        if step == "roll back":
            take_back(books)
            assert state(books.database) == untouched, moment
        else:
            row = resume(books)
            assert row.status == "completed", (moment, row.message)
            assert state(books.database) == undisturbed, moment
        server.drop(books.database)
    assert struck, "every step was faster than its blow"


def ends_after(
    server: Any, worker: Attempt, step: Callable[[Attempt], Any], seconds: float
) -> bool:
    """Take a step and have its session ended so many seconds later; tells whether it was met.

    A poster opens a new session and goes on by itself; any other step is for the next attempt.
    """
    child = os.fork()
    if not child:  # the step has the processor to itself, and the blow too
        try:
            time.sleep(seconds)
            with psycopg.connect(server.conninfo, autocommit=True) as executioner:
                ended = executioner.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = %s AND application_name = 'trueup worker' "
                    "AND state <> 'idle'",
                    [worker.database.name],
                ).fetchall()
                os._exit(len(ended) + 2)
        finally:
            os._exit(1)
    with suppress(psycopg.OperationalError, psycopg.InterfaceError, Transient):
        step(worker)
    _, ended = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(ended) > 1, "there was no executioner"
    return os.waitstatus_to_exitcode(ended) > 2


@pytest.mark.parametrize("step", ["open", "post", "cut over", "roll back"])
def test_a_process_that_is_killed_at_any_moment_leaves_a_whole_schema(
    server, folder, validated, half_posted, proved, completed, undisturbed, untouched, step
):
    """SIGKILL: the server finds out by itself, and may end the statement in hand before."""
    template = {
        "open": validated, "post": half_posted, "cut over": proved, "roll back": completed,
    }[step]  # fmt: skip
    met = 0
    for moment in MOMENTS[::2]:
        books = books_in(server.create(template), folder)
        child = os.fork()
        if not child:
            try:
                step_of(step)(worker_of(books))
            finally:
                os._exit(0)
        time.sleep(moment)
        os.kill(child, signal.SIGKILL)
        _, ended = os.waitpid(child, 0)
        met += os.WIFSIGNALED(ended)
        books.wait_until_nobody_works()
        world(books.database)
        if step == "roll back":
            take_back(books)
            assert state(books.database) == untouched, moment
        else:
            row = resume(books)
            assert row.status == "completed", (moment, row.message)
            assert state(books.database) == undisturbed, moment
        server.drop(books.database)
    assert met, "every step was faster than its blow"


# Two at once, and one after the other


def test_two_migrations_at_once_are_one(server, folder, validated):
    """Who comes second is refused in words while the first one works, and changes nothing."""
    books = books_in(server.create(validated), folder)
    first = worker_of(books).open_posting()
    before = schema(books.database)
    with pytest.raises(Refused, match="run") as refused:
        books.begin(batch_size=100)
    assert str(refused.value)
    assert schema(books.database) == before
    hand.prove(first).cut_over().complete().die()
    assert world(books.database) == "new"


def test_a_second_migration_of_a_migrated_database_is_refused_and_changes_nothing(
    server, folder, completed
):
    books = books_in(server.create(completed), folder)
    before = state(books.database)
    attempt = books.begin(batch_size=100)
    with pytest.raises(Refused, match=r"nothing to do: run .* has cut over"):
        hand.migrate(attempt)
    attempt.die()
    assert state(books.database) == before
    assert world(books.database) == "new"


def test_a_cutover_that_is_repeated_passes_over_what_stands(server, folder, proved):
    books = books_in(server.create(proved), folder)
    worker = worker_of(books).cut_over()
    before = state(books.database)
    cut_over.cut_over(worker.connection, worker.run())
    assert state(books.database) == before
    worker.complete().die()


def test_a_migration_that_is_taken_back_can_be_done_again(
    server, folder, completed, untouched, undisturbed
):
    books = books_in(server.create(completed), folder)
    assert take_back(books)["proof"] == "equal"
    assert state(books.database) == untouched
    assert hand.migrate(books.begin(batch_size=100)).status == "completed"
    assert state(books.database) == undisturbed
