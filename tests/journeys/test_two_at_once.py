"""Workers in parallel, and the living who post meanwhile: no deadlock, nothing lost."""

import random
import threading
import time
from contextlib import closing

import psycopg
import pytest

from runs import entry, payments
from trueup import journal, opening, posting, statements
from trueup.errors import Fenced, RollbackRefused
from trueup.run_state import Status
from trueup.sources import blocks
from trueup.stages import post

ACCOUNTS = [f"hot-{number}" for number in range(4)]


@pytest.fixture
def hot_entries():
    """Two hundred entries between four accounts, in both directions, in no order."""
    dice = random.Random(7)
    rows = []
    for number in range(200):
        debit, credit = dice.sample(ACCOUNTS, 2)
        rows.append(entry(debit, credit, f"{dice.randint(1, 99)}.01", referenceId=f"e-{number}"))
    return rows


def all_at_once(*steps) -> list[BaseException]:
    """Take steps in threads of their own and give what they raised."""
    raised: list[BaseException] = []

    def take(step) -> None:
        try:
            step()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=take, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def ranges_of(attempt):
    """One step a range, each with the run as its task would read it."""
    run = attempt.run()
    return [
        lambda range_no=each.range_no: post.post(attempt.connect, run, range_no, attempt.files)
        for each in journal.ranges(attempt.connection, run)
    ]


def deadlocks(books) -> int:
    return books.database.value(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )


@pytest.mark.parametrize("regime", ["live", "initial"])
@pytest.mark.parametrize("workers", [2, 4])
def test_parallel_workers_on_hot_accounts_end_as_one_worker_does_and_never_deadlock(
    server, migrated, books, hot_entries, workers, regime, monkeypatch
):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 500)
    for account in ACCOUNTS:
        books.open_account(account, overdraft=True)
    params = {"batch_size": 5, "max_retries": 0, "outbox": True}
    attempt = books.begin(
        hot_entries, parallel_workers=workers, regime=regime, **params
    ).to_posting()
    assert len(ranges_of(attempt)) == workers
    assert all_at_once(*ranges_of(attempt)) == []
    attempt.check_balances().constrain().expect().reconcile().complete()
    together = books.state()
    assert deadlocks(books) == 0

    alone = type(books)(server.create(migrated), books.folder)
    for account in ACCOUNTS:
        alone.open_account(account, overdraft=True)
    alone.backfill("entries.csv", regime="live", **params)
    assert together == alone.state()
    server.drop(alone.database)


def test_the_same_key_in_two_ranges_is_posted_once_by_whoever_comes_first(books):
    books.open_world()
    source = payments(20) + payments(20)
    attempt = books.begin(source, parallel_workers=2, batch_size=3, max_retries=0).to_posting()
    assert all_at_once(*ranges_of(attempt)) == []
    attempt.check_balances().constrain().expect().reconcile().complete()
    row = attempt.row
    assert (row.total_read, row.total_posted, row.total_replayed) == (40, 20, 20)
    assert books.disagreements() == []


def test_the_checkpoint_counts_what_two_workers_commit_at_the_same_moment(books, monkeypatch):
    """The second sums the ranges only once it has the row: the first one's are in its sum."""
    for account in ACCOUNTS:
        books.open_account(account, overdraft=True)
    # Accounts of their own, so that the two meet at the checkpoint and not before.
    rows = [entry(*pair) for pair in (ACCOUNTS[:2], ACCOUNTS[2:]) for _ in range(4)]
    attempt = books.begin(rows, parallel_workers=2, batch_size=4).to_posting()
    other = attempt.connect()
    run = attempt.run()
    second = threading.Thread(
        target=posting.post_next_batch, args=(other, run, 1, run.plan.batch_size)
    )
    execute = statements.execute
    with attempt.connection.transaction():
        with monkeypatch.context() as patch:  # to stop just before the commit, all locks held
            patch.setattr(
                statements,
                "execute",
                lambda here, name, /, **values: (
                    execute(here, name, **values) if not name.endswith("note_life") else None
                ),
            )
            posting.post_next_batch(attempt.connection, run, 0, run.plan.batch_size)
        second.start()
        wait_for_a_lock(books)
    second.join()
    checkpoint = books.database.row("SELECT * FROM ledger_backfill_checkpoints")
    assert (checkpoint.total_processed, checkpoint.total_successful) == (8, 8)


def test_two_workers_on_one_range_take_turns_and_never_share_a_batch(books):
    books.open_world()
    attempt = books.begin(payments(40), batch_size=3).to_posting()
    run = attempt.run()
    twice = [lambda: post.post(attempt.connect, run, 0)] * 2
    assert all_at_once(*twice) == []
    attempt.check_balances().constrain().expect().reconcile().complete()
    assert (attempt.row.total_read, attempt.row.total_posted) == (40, 40)
    keys = books.database.rows("SELECT first_key, last_key FROM trueup.run_batches ORDER BY 1")
    assert [left.last_key + 1 for left in keys[:-1]] == [right.first_key for right in keys[1:]]


@pytest.mark.parametrize("step", ["pause", "start another worker", "note a failure"])
def test_who_changes_a_run_s_state_gets_a_turn_though_workers_overlap(books, monkeypatch, step):
    """One of them always has a batch in hand; a lock on the row alone would never be free."""
    books.open_world(*ACCOUNTS)
    attempt = books.begin(payments(1000, ACCOUNTS), parallel_workers=2, batch_size=10).to_posting()
    run = attempt.run()
    save, stop = posting._save_checkpoint, threading.Event()

    def save_slowly(connection, run) -> None:
        time.sleep(0.5)  # after the batch's own work, all locks held
        save(connection, run)

    def work(range_no: int) -> None:
        time.sleep(range_no * 0.25)
        with closing(books.database.connect("worker")) as worker:
            while not stop.is_set():
                posting.post_next_batch(worker, run, range_no, 10)

    def change() -> None:
        time.sleep(1)
        try:
            with closing(books.database.connect("worker")) as somebody:
                somebody.execute("SET statement_timeout = '10s'")
                if step == "pause":
                    opening.pause_run(somebody, run.run_id)
                elif step == "note a failure":
                    journal.record_failure(somebody, run, "operational", "the disk is full")
                else:
                    journal.move(somebody, run, Status.POSTING, "post")
        finally:
            stop.set()

    monkeypatch.setattr(posting, "_save_checkpoint", save_slowly)
    raised = all_at_once(lambda: work(0), lambda: work(1), change)
    assert all(isinstance(error, Fenced) for error in raised), raised
    assert len(raised) == (2 if step == "pause" else 0)
    assert deadlocks(books) == 0


def test_live_postings_go_on_while_a_run_posts_and_nothing_is_lost(books, hot_entries):
    for account in ACCOUNTS:
        books.open_account(account, overdraft=True)
    attempt = books.begin(
        hot_entries, parallel_workers=2, batch_size=4, max_retries=20
    ).to_posting()
    posted: list[str] = []
    over = threading.Event()

    def live() -> None:
        dice = random.Random(8)
        with closing(psycopg.connect(books.database.conninfo, autocommit=True)) as session:
            while not over.is_set():
                debit, credit = dice.sample(ACCOUNTS, 2)
                reference = f"live-{len(posted)}"
                session.execute(
                    "SELECT post_ledger_entry('MASTER', %s, %s, 1.00, 'USD', 'fiat', 'LIVE', %s)",
                    [debit, credit, reference],
                )
                posted.append(reference)

    living = threading.Thread(target=live)
    living.start()
    raised = all_at_once(*ranges_of(attempt))
    over.set()
    living.join()
    assert raised == []
    attempt.check_balances().constrain().expect().reconcile().complete()
    assert len(posted) > 10
    assert set(posted) < set(books.references())
    assert len(books.references()) == len(posted) + 200
    assert books.disagreements() == []
    assert attempt.row.total_posted == 200


def test_a_batch_that_meets_a_live_deadlock_is_tried_again(books):
    """A live session that takes two accounts in one transaction, in its own order, may collide."""
    books.open_world("a", "b")
    attempt = books.begin(
        [entry("a", "world", referenceId="1"), entry("b", "world", referenceId="2")], max_retries=9
    ).to_posting()
    live = books.database.admin()
    live.execute("BEGIN")
    live.execute("UPDATE bank_accounts SET updated_at = now() WHERE id = 'b'")
    run = attempt.run()
    failed: list[BaseException] = []
    worker = threading.Thread(
        target=lambda: failed.extend(all_at_once(lambda: post.post(attempt.connect, run, 0)))
    )
    worker.start()
    wait_for_a_lock(books)
    try:
        live.execute("UPDATE bank_accounts SET updated_at = now() WHERE id = 'a'")
        live.execute("COMMIT")
    except psycopg.errors.DeadlockDetected:
        live.execute("ROLLBACK")
    worker.join()
    assert failed == []
    assert attempt.row.status == "posting"
    assert books.balances()["world"] == "-2"


def wait_for_a_lock(books) -> None:
    """Until somebody waits for a lock in this database."""
    for _ in range(500):
        if books.database.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            return
        threading.Event().wait(0.01)
    raise AssertionError("nobody waits for a lock")


def test_the_baseline_waits_for_postings_in_flight_so_that_later_ids_are_later_entries(books):
    """An entry with a low id that commits after the snapshot would be missed by the state hash."""
    books.open_world()
    attempt = books.begin(payments(3)).to_validated()
    live = books.database.admin()
    live.execute("BEGIN")
    live.execute(
        "SELECT post_ledger_entry('MASTER', 'alice', 'world', 5, 'USD', 'fiat', 'L', 'in-flight')"
    )
    opener = threading.Thread(target=attempt.open_posting)
    opener.start()
    wait_for_a_lock(books)
    live.execute("COMMIT")
    opener.join()
    assert attempt.row.high_water_entry_id == books.database.value(
        "SELECT id FROM ledger_entries WHERE reference_id = 'in-flight'"
    )
    attempt.post()
    assert attempt.roll_back()["proof"] == "equal"
    assert books.references() == ["in-flight"]


def test_a_live_session_that_posts_while_the_run_is_taken_back_loses_nothing(books, monkeypatch):
    monkeypatch.setattr("trueup.stages.roll_back._ENTRIES_PER_STEP", 10)
    books.open_world()
    attempt = books.begin(payments(100), batch_size=50).to_posted()
    posted: list[int] = []
    over = threading.Event()

    def live() -> None:
        while not over.is_set():
            books.post_live("bob", "world", "1.00", f"live-{len(posted)}")
            posted.append(1)

    living = threading.Thread(target=live)
    living.start()
    done = attempt.roll_back()
    over.set()
    living.join()
    assert done["proof"] == "equal"
    assert len(books.references()) == len(posted)
    assert books.balances()["bob"] == str(len(posted))
    assert books.disagreements() == []


def test_opening_the_posting_never_deadlocks_with_those_who_post_meanwhile(books):
    for account in ACCOUNTS:
        books.open_account(account, overdraft=True)
    over = threading.Event()

    def live(name: str) -> None:
        dice = random.Random(name)
        with closing(psycopg.connect(books.database.conninfo, autocommit=True)) as session:
            number = 0
            while not over.is_set():
                number += 1
                session.execute(
                    "SELECT post_ledger_entry('MASTER', %s, %s, 1, 'USD', 'fiat', 'LIVE', %s)",
                    (*dice.sample(ACCOUNTS, 2), f"{name}-{number}"),
                )

    def open_again_and_again() -> None:
        try:
            for number in range(15):
                source = books.write_entries([entry(*ACCOUNTS[:2])], f"source-{number}.csv")
                attempt = books.begin(source).to_posting()
                assert attempt.roll_back()["proof"] == "equal"
        finally:
            over.set()

    lives = [lambda name=f"live-{number}": live(name) for number in range(4)]
    assert all_at_once(open_again_and_again, *lives) == []
    assert deadlocks(books) == 0
    assert books.disagreements() == []


def test_an_application_that_locks_accounts_by_id_never_deadlocks_with_a_batch(books, hot_entries):
    for account in ACCOUNTS:
        books.open_account(account, overdraft=True)
    attempt = books.begin(hot_entries, batch_size=5, max_retries=0).to_posting()
    (work,) = ranges_of(attempt)
    over = threading.Event()

    def post_and_end() -> None:
        try:
            work()
        finally:
            over.set()

    def application() -> None:
        with closing(psycopg.connect(books.database.conninfo)) as session:
            while not over.is_set():
                for account in ACCOUNTS:
                    session.execute(
                        "SELECT 1 FROM bank_accounts WHERE id = %s FOR UPDATE", [account]
                    )
                session.commit()

    assert all_at_once(post_and_end, application, application) == []
    assert deadlocks(books) == 0


def test_a_sender_at_work_is_waited_for_and_what_it_delivers_is_not_taken_back(books):
    books.open_world()
    attempt = books.begin(payments(3), outbox=True).to_posted()
    first = "(SELECT min(id) FROM dual_ledger_outbox)"
    with closing(psycopg.connect(books.database.admin_conninfo)) as sender:
        sender.execute(f"SELECT 1 FROM dual_ledger_outbox WHERE id = {first} FOR UPDATE")

        def deliver_once_somebody_waits() -> None:
            while not books.database.value(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                "AND datname = current_database()"
            ):
                over.wait(0.01)
            sender.execute(f"UPDATE dual_ledger_outbox SET status = 'SENT' WHERE id = {first}")
            sender.commit()

        over = threading.Event()
        (refusal,) = all_at_once(attempt.roll_back, deliver_once_somebody_waits)
    assert isinstance(refusal, RollbackRefused)
    assert "1 outbox rows of run" in str(refusal)
    assert attempt.row.status == "rollback_failed"
    assert books.database.value("SELECT count(*) FROM ledger_entries") == 3
