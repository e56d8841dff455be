"""Whoever dies, and wherever: others see a whole batch or none, and a resumed run ends the same.

Every statement of a batch, of the opening, of the constraints and of the way back is a kill point,
before and after it. A worker dies three ways: its process (an exception that nobody catches), its
session (the server ends it), and by SIGKILL of a real process.
"""

import os
import signal

import psycopg
import pytest
from runs import (
    Attempt,
    Books,
    Killed,
    entry,
    payments,
    raise_killed,
    statement_names,
    strike,
)

from trueup import journal, posting, statements
from trueup.errors import DataFailure
from trueup.stages import roll_back as roll_back_stage

# What one batch runs, in order. The commit lies between the last two.
BATCH = [
    "trueup/journal/share_run",
    "trueup/journal/lock_range",
    "ledger/post/find_batch_end",
    "ledger/post/post_batch",
    "trueup/journal/count_quarantined",
    "trueup/journal/advance_range",
    "ledger/post/lock_checkpoint",
    "ledger/post/save_checkpoint",
    "trueup/journal/insert_batch",
    "trueup/journal/note_life",
]
POINTS = [(number, when) for number in range(1, len(BATCH) + 1) for when in ("before", "after")]
COMMITTED = [(len(BATCH), "before"), (len(BATCH), "after")]
PARAMS = {
    "accounts": "accounts.csv",
    "batch_size": 5,
    "outbox": True,
    "max_quarantined": "50 %",
    "checkpoint_interval": 1,
}
OPENINGS = {"vault": "500"}


def deliver(books: Books) -> None:
    """Files and a ledger with a past: replays, conflicts, quarantine, an account to create."""
    books.open_world("alice", "bob")
    books.open_account("vault", balance="500")
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("inbox")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRUEUP_SOURCE_ROOTS", str(path))
        patch.setattr(journal, "GRACE_SECONDS", 0.0)
        yield path


@pytest.fixture(scope="module")
def delivered(server, migrated, folder):
    """A database with the ledger's past, and files to load; nobody has opened a run."""
    database = server.create(migrated)
    deliver(Books(database, folder))
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
def undisturbed(server, delivered, folder):
    """The state in which a run that nobody disturbs leaves the books."""
    books = Books(server.create(delivered), folder)
    run = books.backfill("entries.csv", **PARAMS)
    assert run.status == "completed", run.message
    assert (run.total_read, run.total_posted) == (18, 15)
    assert (run.total_replayed, run.total_quarantined) == (1, 2)
    return books.state()


def clone(server, template, folder):
    books = Books(server.create(template), folder)
    yield books
    server.drop(books.database)


@pytest.fixture
def fresh(server, delivered, folder):
    yield from clone(server, delivered, folder)


@pytest.fixture
def half(server, half_posted, folder):
    yield from clone(server, half_posted, folder)


def worker_of(books: Books) -> Attempt:
    """The worker of the only run, back at its desk."""
    run_id = books.database.value("SELECT run_id FROM trueup.runs WHERE NOT dry_run")
    connection = books.database.connect("worker")
    run = journal.read_run(connection, run_id)
    journal.hold_worker_lock(connection, run)
    return Attempt(books.database, connection, run_id, run.row.attempt, None)


@pytest.fixture(scope="module")
def worlds(server, half_posted, folder):
    """The books before and after the second batch: the only two that others may ever see."""
    books = Books(server.create(half_posted), folder)
    before = seen(books)
    worker_of(books).post_one_batch()
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


def test_the_kill_points_are_all_the_statements_of_a_batch(half, monkeypatch):
    worker = worker_of(half)
    assert statement_names(monkeypatch, worker.post_one_batch) == BATCH


@pytest.mark.parametrize(("number", "when"), POINTS)
def test_a_worker_that_dies_leaves_a_whole_batch_or_none(
    half, monkeypatch, worlds, undisturbed, number, when
):
    worker = worker_of(half)
    with monkeypatch.context() as patch:
        fell = strike(patch, number, when, raise_killed)
        with pytest.raises(Killed):
            worker.post_one_batch()
    worker.die()

    assert fell()
    assert seen(half) == worlds[(number, when) in COMMITTED]
    assert half.resume(**PARAMS).status == "completed"
    assert half.state() == undisturbed


@pytest.mark.parametrize(("number", "when"), POINTS)
def test_a_worker_whose_session_is_ended_by_the_server_goes_on_with_a_new_one(
    half, monkeypatch, undisturbed, number, when
):
    def end_session(connection: psycopg.Connection) -> None:
        half.database.do("SELECT pg_terminate_backend(%s)", connection.info.backend_pid)
        assert not half.disagreements(OPENINGS)

    worker = worker_of(half)
    # One statement comes first: the poster's own session marks itself as a worker.
    with monkeypatch.context() as patch:
        fell = strike(patch, number + 2, when, end_session)
        worker.post()
    assert fell()
    assert not half.disagreements(OPENINGS)
    worker.check_balances().constrain().expect().reconcile().complete()
    assert half.state() == undisturbed


@pytest.mark.parametrize(("number", "when"), POINTS)
def test_a_process_that_is_killed_leaves_a_whole_batch_or_none(
    half, worlds, undisturbed, number, when
):
    child = os.fork()
    if not child:
        try:
            strike_forever(number, when)
            worker_of(half).post_one_batch()
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL

    half.wait_until_nobody_works()
    assert seen(half) == worlds[(number, when) in COMMITTED]
    assert half.resume(**PARAMS).status == "completed"
    assert half.state() == undisturbed


def strike_forever(number: int, when: str) -> None:
    """In a child process: SIGKILL at the n-th statement that a batch runs."""
    patch = pytest.MonkeyPatch()
    # The first statements read the run and mark the worker.
    strike(patch, number + 3, when, lambda connection: os.kill(os.getpid(), signal.SIGKILL))


def test_a_commit_that_nobody_acknowledged_is_found_done(half, monkeypatch, undisturbed):
    """The server has committed, the answer is lost, the batch is tried again."""

    def lose_the_answer(connection: psycopg.Connection) -> None:
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    worker = worker_of(half)
    with monkeypatch.context() as patch:
        fell = strike(patch, len(BATCH) + 2, "before", lose_the_answer)
        worker.post()
    assert fell()
    worker.check_balances().constrain().expect().reconcile().complete()
    assert half.state() == undisturbed


def test_a_batch_that_fails_for_good_is_given_up_after_its_retries(half, monkeypatch, undisturbed):
    tries = 0
    original = statements.execute

    def never(connection, name, /, **values):
        nonlocal tries
        if name == "ledger/post/post_batch":
            tries += 1
            raise psycopg.errors.LockNotAvailable("canceling statement due to lock timeout")
        return original(connection, name, **values)

    worker = worker_of(half)
    with monkeypatch.context() as patch:
        patch.setattr(statements, "execute", never)
        with pytest.raises(posting.Exception if False else Exception, match="did not answer"):
            worker.post()
    worker.die()
    assert tries == 4
    assert half.resume(**PARAMS).status == "completed"
    assert half.state() == undisturbed


# Before the first batch

OPENING_STATEMENTS = 15


def test_the_kill_points_are_all_the_statements_of_the_opening(fresh, monkeypatch):
    attempt = fresh.begin("entries.csv", **PARAMS).to_validated()
    assert len(statement_names(monkeypatch, attempt.open_posting)) == OPENING_STATEMENTS + 3


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, OPENING_STATEMENTS + 1))
def test_an_opening_that_dies_is_finished_by_the_next_attempt(
    fresh, monkeypatch, undisturbed, number, when
):
    attempt = fresh.begin("entries.csv", **PARAMS).to_validated()
    run = attempt.move(posting.Status.POSTING, "post")
    with monkeypatch.context() as patch:
        fell = strike(patch, number, when, raise_killed)
        with pytest.raises(Killed):
            posting.open_posting(attempt.connection, run)
    attempt.die()
    assert fell()
    assert not fresh.disagreements(OPENINGS)
    assert fresh.resume(**PARAMS).status == "completed"
    assert fresh.state() == undisturbed


# Constraints

CONSTRAIN_STATEMENTS = 23


@pytest.fixture(scope="module")
def all_posted(server, half_posted, folder):
    books = Books(server.create(half_posted), folder)
    worker_of(books).post().check_balances().die()
    return books.database


@pytest.fixture
def posted(server, all_posted, folder):
    yield from clone(server, all_posted, folder)


def test_the_kill_points_are_all_the_statements_of_constrain(posted, monkeypatch):
    worker = worker_of(posted)
    assert len(statement_names(monkeypatch, worker.constrain)) == CONSTRAIN_STATEMENTS + 4


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, CONSTRAIN_STATEMENTS + 1))
def test_constraints_that_were_half_applied_are_finished_by_the_next_attempt(
    posted, monkeypatch, undisturbed, number, when
):
    worker = worker_of(posted)
    with monkeypatch.context() as patch:
        fell = strike(patch, number + 4, when, raise_killed)
        with pytest.raises(Killed):
            worker.constrain()
    worker.die()
    assert fell()
    assert not posted.disagreements(OPENINGS)
    assert posted.resume(**PARAMS).status == "completed"
    assert posted.state() == undisturbed


# The way back

ROLL_BACK_STATEMENTS = 40


@pytest.fixture(scope="module")
def condemned(server, all_posted, folder):
    """A run whose data broke a rule after its constraints were applied; nothing is undone yet."""
    books = Books(server.create(all_posted), folder)
    worker = worker_of(books).constrain()
    journal.record_failure(worker.connection, worker.run(), "data", "A rule was broken.")
    worker.die()
    return books.database


@pytest.fixture
def failed(server, condemned, folder):
    yield from clone(server, condemned, folder)


@pytest.fixture(scope="module")
def taken_back(server, condemned, folder):
    books = Books(server.create(condemned), folder)
    worker_of(books).roll_back()
    return books.state()


@pytest.fixture
def small_steps(monkeypatch):
    monkeypatch.setattr(roll_back_stage, "_ENTRIES_PER_STEP", 5)


def test_the_kill_points_are_all_the_statements_of_the_way_back(failed, monkeypatch, small_steps):
    worker = worker_of(failed)
    names = statement_names(monkeypatch, worker.roll_back)
    assert names.count("ledger/roll_back/delete_entries") == 4
    assert len(names) == ROLL_BACK_STATEMENTS + 1


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, ROLL_BACK_STATEMENTS + 1))
def test_a_rollback_that_dies_half_way_ends_the_same_when_repeated(
    failed, monkeypatch, small_steps, taken_back, number, when
):
    worker = worker_of(failed)
    with monkeypatch.context() as patch:
        fell = strike(patch, number + 1, when, raise_killed)
        with pytest.raises(Killed):
            worker.roll_back()
    worker.die()
    assert fell()
    assert not failed.disagreements(OPENINGS)

    status = failed.database.value("SELECT status FROM trueup.runs")
    if status == "rolled_back":  # only what comes after the last commit was lost
        worker_of(failed).roll_back()
    else:
        failed.resume(**PARAMS)
    run = failed.database.row("SELECT * FROM trueup.runs")
    assert run.status == "rolled_back", run.message
    assert run.state_hash_after == run.state_hash_before
    assert failed.state() == taken_back


def test_the_run_that_is_taken_back_leaves_the_books_as_they_were(
    server, delivered, folder, taken_back
):
    before = Books(server.create(delivered), folder).state()
    for what in ("entries", "balances", "outbox", "constraints"):
        assert taken_back[what] == before[what]


def test_a_data_failure_survives_the_death_of_the_worker_that_met_it(failed):
    """The next attempt takes the run back; it does not go on posting."""
    attempt = failed.begin("entries.csv", **PARAMS)
    assert attempt.run().row.failure == "data"
    with pytest.raises(DataFailure):
        raise DataFailure(attempt.row.message)
    assert attempt.to_the_end().status == "rolled_back"
