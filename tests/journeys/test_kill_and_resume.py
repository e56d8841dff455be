"""Whoever dies, and wherever: others see a whole batch or none, and a resumed run ends the same.

Every statement of a batch, of the opening, of the constraints and of the way back is a kill point,
before and after it. A worker dies three ways: its process (an exception that nobody catches), its
session (the server ends it), and by SIGKILL of a real process.
"""

import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import Any

import psycopg
import pytest

from databases import Database
from runs import Attempt, Books, Strike, entry, payments, raise_killed
from trueup import batches, journal, opening, posting, statements
from trueup.errors import Transient
from trueup.run_state import Status
from trueup.sources import blocks, files
from trueup.stages import constrain, post, roll_back

PARAMS = {
    "accounts": "accounts.csv",
    "batch_size": 5,
    "outbox": True,
    "max_quarantined": "50 %",
    "checkpoint_interval": 1,
}
OPENINGS = {"vault": "500"}


def deliver(books: Books, regime: str) -> None:
    """Files and a ledger with a past: replays, conflicts, quarantine, an account to create.

    For the initial regime no entry has been posted before.
    """
    books.open_world("alice", "bob")
    books.open_account("vault", balance="500")
    if regime == "live":
        books.post_live("alice", "world", "3.00", "live-before")
    books.write("accounts.csv", "id,currency_code\nalice,USD\ncarol,USD\n")
    books.write_entries(
        [
            *payments(4),
            entry("alice", "nobody", "1.00", referenceId="bad-1"),
            *payments(8)[4:],
            payments(1)[0],
            entry("vault", "alice", "0.50", referenceId="from-alice"),
            entry("alice", "vault", "9.99", referenceId="live-before"),
            *payments(14)[8:],
        ]
    )


@pytest.fixture(scope="module", params=["live", "initial"])
def regime(request):
    return request.param


@pytest.fixture(scope="module")
def folder(tmp_path_factory, regime):
    path = tmp_path_factory.mktemp("inbox")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PARAMS, "regime", regime)
        patch.setattr(blocks, "BLOCK_BYTES", 500)  # about as many lines as a batch has
        patch.setattr(batches, "GROWTH", 1.0)
        patch.setenv("TRUEUP_SOURCE_ROOTS", str(path))
        patch.setattr(opening, "GRACE_SECONDS", 0.0)
        yield path


@pytest.fixture(scope="module")
def delivered(server, migrated, folder, regime):
    """A database with the ledger's past, and files to load; nobody has opened a run."""
    database = server.create(migrated)
    deliver(Books(database, folder), regime)
    return database


@pytest.fixture(scope="module")
def half_posted(server, delivered, folder):
    """A run that has posted the first of its batches and whose worker went home."""
    database = server.create(delivered)
    attempt = Books(database, folder).begin("entries.csv", **PARAMS).to_posting()
    attempt.post_one_batch()
    attempt.die()
    return database


@pytest.fixture(scope="module")
def undisturbed(server, delivered, folder, regime):
    """The state in which a run that nobody disturbs leaves the books."""
    books = Books(server.create(delivered), folder)
    run = books.backfill("entries.csv", **PARAMS)
    assert run.status == "completed", run.message
    past = regime == "live"
    assert (run.regime, run.total_read) == (regime, 18)
    assert (run.total_posted, run.total_replayed, run.total_quarantined) == (
        16 - past, 1, 1 + past,
    )  # fmt: skip
    return books.state()


@pytest.fixture(scope="module")
def validated(server, delivered, folder):
    """A run that has judged its rows and posted none."""
    database = server.create(delivered)
    Books(database, folder).begin("entries.csv", **PARAMS).to_validated().die()
    return database


@pytest.fixture(scope="module")
def all_posted(server, half_posted, folder):
    """A run that has posted every batch."""
    books = Books(server.create(half_posted), folder)
    worker_of(books).post().check_balances().die()
    return books.database


@pytest.fixture
def half(server, half_posted, folder):
    books = Books(server.create(half_posted), folder)
    yield books
    server.drop(books.database)


@pytest.fixture(params=["before", "after"])
def every_point(request, server, folder):
    """Gives a database of its own, its worker and a strike for statement after statement.

    To die after one is to die before the next: that is struck at every third only. A test breaks
    off when a strike did not fall any more: the step has no more statements.
    """

    def points(template: Database, blow: Callable) -> Iterator[tuple[Books, Attempt, Strike]]:
        for number in count(1, 1 if request.param == "before" else 3):
            books = Books(server.create(template), folder)
            strike = Strike(number, request.param, blow)
            yield books, worker_of(books), strike
            server.drop(books.database)

    return points


def worker_of(books: Books) -> Attempt:
    """The worker of the only run, back at its desk."""
    run_id = books.database.value("SELECT run_id FROM trueup.runs WHERE NOT dry_run")
    connection = books.database.connect("worker")
    run = journal.read_run(connection, run_id)
    journal.hold_worker_lock(connection, run)
    return Attempt(
        books.database, connection, run_id, run.row.attempt, files.locate(run.plan), books.backups
    )


def next_batch(worker: Attempt) -> Callable[[], posting.Checkpoint]:
    return worker.next_batch()


def all_batches(worker: Attempt) -> Callable[[], Any]:
    """The poster opens a session of its own; its first statement marks it as a worker."""
    run = worker.run()
    return lambda: post.post(worker.connect, run, 0, worker.files)


@pytest.fixture(scope="module")
def worlds(server, half_posted, folder):
    """The books before and after the second batch: the only two that others may ever see."""
    books = Books(server.create(half_posted), folder)
    before = seen(books)
    worker = worker_of(books)
    worker.post_one_batch()
    worker.die()
    after = seen(books)
    assert before != after
    return before, after


def seen(books: Books) -> dict:
    return {
        **books.state(),
        "ranges": books.database.rows(
            "SELECT range_no, checkpoint_key, batches, read, posted, replayed, quarantined "
            "FROM trueup.run_ranges ORDER BY 1"
        ),
        "batches": books.database.value("SELECT count(*) FROM trueup.batches"),
    }


def test_a_worker_that_dies_leaves_a_whole_batch_or_none(
    every_point, half_posted, worlds, undisturbed
):
    before, after = worlds
    for books, worker, strike in every_point(half_posted, raise_killed):
        fell = strike.during(next_batch(worker))
        worker.die()
        if not fell:
            break
        committed = strike.statement == "trueup/journal/note_life"
        assert seen(books) == (after if committed else before), strike
        assert books.resume(**PARAMS).status == "completed", strike
        assert books.state() == undisturbed, strike
    assert strike.number > 9


def test_a_process_that_is_killed_leaves_a_whole_batch_or_none(
    every_point, half_posted, worlds, undisturbed
):
    for books, worker, strike in every_point(half_posted, kill_this_process):
        worker.die()
        if not dies_in_a_process_of_its_own(books, strike):
            break
        books.wait_until_nobody_works()
        assert seen(books) in worlds, strike
        assert books.resume(**PARAMS).status == "completed", strike
        assert books.state() == undisturbed, strike
    assert strike.number > 9


def dies_in_a_process_of_its_own(books: Books, strike: Strike) -> bool:
    """Post a batch in a child and tell whether SIGKILL met it."""
    child = os.fork()
    if not child:
        try:
            strike.during(next_batch(worker_of(books)))
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def kill_this_process(connection: psycopg.Connection) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_whose_session_is_ended_by_the_server_goes_on_with_a_new_one(
    server, every_point, half_posted, undisturbed
):
    """From the first statement of the poster's session to its last, balance checks included."""

    def end_session(connection: psycopg.Connection) -> None:
        pid = connection.info.backend_pid
        server.connection.execute("SELECT pg_terminate_backend(%s)", [pid])

    for books, worker, strike in every_point(half_posted, end_session):
        if not strike.during(all_batches(worker)):
            break
        assert not books.disagreements(OPENINGS), strike
        worker.check_balances().constrain().expect().reconcile().complete().die()
        assert books.state() == undisturbed, strike
    assert strike.number > 9


def test_a_commit_that_nobody_acknowledged_is_found_done(half, monkeypatch, undisturbed):
    """The server has committed, the answer is lost, the batch is tried again."""
    lost: list[str] = []
    original = statements.execute

    def lose_the_first_answer(connection, name, /, **values):
        if name == "trueup/journal/note_life" and not lost:
            lost.append(name)
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        return original(connection, name, **values)

    worker = worker_of(half)
    with monkeypatch.context() as patch:
        patch.setattr(statements, "execute", lose_the_first_answer)
        worker.post()
    assert lost
    worker.check_balances().constrain().expect().reconcile().complete()
    assert half.state() == undisturbed


def test_a_batch_that_fails_for_good_is_given_up_after_its_retries(half, monkeypatch, undisturbed):
    tries = 0
    original = statements.execute

    def never(connection, name, /, **values):
        nonlocal tries
        if name in ("ledger/post/post_batch", "ledger/post/post_initial_batch"):
            tries += 1
            raise psycopg.errors.LockNotAvailable("canceling statement due to lock timeout")
        return original(connection, name, **values)

    worker = worker_of(half)
    with monkeypatch.context() as patch:
        patch.setattr(statements, "execute", never)
        with pytest.raises(Transient, match="did not answer"):
            worker.post()
    worker.die()
    assert tries == 1 + 3
    assert half.resume(**PARAMS).status == "completed"
    assert half.state() == undisturbed


# Before the first batch


def test_an_opening_that_dies_is_finished_by_the_next_attempt(every_point, validated, undisturbed):
    for books, worker, strike in every_point(validated, raise_killed):
        run = worker.move(Status.POSTING, "post")
        fell = strike.during(partial(posting.open_posting, worker.connection, run))
        worker.die()
        if not fell:
            break
        assert not books.disagreements(OPENINGS), strike
        assert books.resume(**PARAMS).status == "completed", strike
        assert books.state() == undisturbed, strike
    assert strike.number > 9


# Constraints


def test_constraints_that_were_half_applied_are_finished_by_the_next_attempt(
    every_point, all_posted, undisturbed
):
    for books, worker, strike in every_point(all_posted, raise_killed):
        run = worker.move(Status.CONSTRAINING, "constrain")
        fell = strike.during(partial(constrain.constrain, worker.connection, run))
        worker.die()
        if not fell:
            break
        assert not books.disagreements(OPENINGS), strike
        assert books.resume(**PARAMS).status == "completed", strike
        assert books.state() == undisturbed, strike
    assert strike.number > 9


# The way back


@pytest.fixture(scope="module")
def condemned(server, all_posted, folder):
    """A run whose data broke a rule after its constraints were applied; nothing is undone yet."""
    books = Books(server.create(all_posted), folder)
    worker = worker_of(books).constrain()
    journal.record_failure(worker.connection, worker.run(), "data", "A rule was broken.")
    worker.die()
    return books.database


@pytest.fixture(scope="module")
def taken_back(server, condemned, folder):
    """The state in which a rollback that nobody disturbs leaves the books."""
    books = Books(server.create(condemned), folder)
    worker = worker_of(books)
    worker.roll_back()
    worker.die()
    return books.state()


def test_the_run_that_is_taken_back_leaves_the_books_as_they_were(
    server, delivered, folder, taken_back
):
    before = Books(server.create(delivered), folder).state()
    for what in ("entries", "balances", "outbox", "constraints"):
        assert taken_back[what] == before[what]


def test_a_rollback_that_dies_half_way_ends_the_same_when_repeated(
    every_point, condemned, monkeypatch, taken_back
):
    monkeypatch.setattr(roll_back, "_ENTRIES_PER_STEP", 5)
    for books, worker, strike in every_point(condemned, raise_killed):
        fell = strike.during(partial(roll_back.roll_back, worker.connection, worker.run()))
        worker.die()
        if not fell:
            break
        assert not books.disagreements(OPENINGS), strike
        if books.database.value("SELECT status FROM trueup.runs") == "rolled_back":
            repeated = worker_of(books)  # only what comes after the last commit was lost
            repeated.roll_back()
            repeated.die()
        else:
            books.resume(**PARAMS)
        run = books.database.row("SELECT * FROM trueup.runs")
        assert run.status == "rolled_back", (strike, run.message)
        assert run.state_hash_after == run.state_hash_before
        assert books.state() == taken_back, strike
    assert strike.number > 9


@pytest.fixture(scope="module")
def condemned_early(server, all_posted, folder):
    """A run whose data broke a rule when all was posted; keys may still be taken away."""
    books = Books(server.create(all_posted), folder)
    worker = worker_of(books)
    journal.record_failure(worker.connection, worker.run(), "data", "A rule was broken.")
    worker.die()
    return books.database


def test_a_rollback_before_the_keys_stand_again_ends_the_same_when_repeated(
    every_point, condemned_early, delivered, server, folder
):
    before = Books(server.create(delivered), folder).state()
    for books, worker, strike in every_point(condemned_early, raise_killed):
        fell = strike.during(partial(roll_back.roll_back, worker.connection, worker.run()))
        worker.die()
        if not fell:
            break
        assert not books.disagreements(OPENINGS), strike
        if books.database.value("SELECT status FROM trueup.runs") == "rolled_back":
            repeated = worker_of(books)
            repeated.roll_back()
            repeated.die()
        else:
            books.resume(**PARAMS)
        run = books.database.row("SELECT * FROM trueup.runs")
        assert run.status == "rolled_back", (strike, run.message)
        assert run.state_hash_after == run.state_hash_before
        after = books.state()
        for what in ("entries", "balances", "outbox", "constraints", "keys"):
            assert after[what] == before[what], strike
        books.post_live("alice", "world", "1.00")  # others may post again
    assert strike.number > 9


def test_a_data_failure_survives_the_death_of_the_worker_that_met_it(server, condemned, folder):
    """The next attempt takes the run back; it does not go on posting."""
    books = Books(server.create(condemned), folder)
    attempt = books.begin("entries.csv", **PARAMS)
    assert attempt.run().row.failure == "data"
    assert attempt.to_the_end().status == "rolled_back"
