"""Who may open a run, who may go on with it, and who must stop."""

import threading
import time
from contextlib import suppress

import pytest

from runs import entry, payments
from trueup import fingerprints, journal, opening, posting
from trueup.errors import DataFailure, Fenced, Refused
from trueup.run_state import Status
from trueup.systems import LEDGER

BATCHES = {"batch_size": 2}


@pytest.fixture(autouse=True)
def world(books):
    books.open_world()


@pytest.fixture
def broken_off(books):
    """A run that has posted its first batch when its worker died."""
    attempt = books.begin(payments(6), **BATCHES).to_posting()
    attempt.post_one_batch()
    attempt.die()
    return attempt


# One at a time


def test_a_second_run_is_refused_in_words_while_one_is_worked_on(books):
    attempt = books.begin(payments(6), **BATCHES).to_posting()
    with pytest.raises(Refused) as refused:
        books.begin(payments(3), source_id="other")
    words = str(refused.value)
    assert attempt.run_id in words
    assert "is posting and holds the books of ledger" in words
    assert "wait until it has ended" in words


def test_the_same_trigger_is_refused_too_while_its_run_is_worked_on(books):
    books.begin(payments(6), **BATCHES).to_posting()
    with pytest.raises(Refused, match="holds the books"):
        books.begin("entries.csv", **BATCHES)


def test_a_run_between_two_tasks_is_given_a_moment_before_it_counts_as_dead(books, monkeypatch):
    monkeypatch.setattr(opening, "GRACE_SECONDS", 0.5)
    first = books.begin(payments(3))
    first.die()
    books.wait_until_nobody_works()
    started = time.monotonic()
    second = books.begin("entries.csv")
    assert time.monotonic() - started > 0.4
    assert second.run_id == first.run_id


def test_a_run_that_waits_for_approval_holds_the_books_while_airflow_believes_in_it(books):
    attempt = books.begin(payments(3)).to_validated()
    attempt.move(Status.AWAITING_APPROVAL, "validate")
    attempt.die()
    books.wait_until_nobody_works()
    connection = books.database.connect()
    with pytest.raises(Refused, match="is awaiting_approval and holds the books"):
        opening._wait_for_the_books(connection, LEDGER, lambda *_: True)
    assert opening._wait_for_the_books(connection, LEDGER, lambda *_: False).run_id


def test_a_dry_run_looks_on_while_another_run_posts(books):
    attempt = books.begin(payments(6), **BATCHES).to_posting()
    attempt.post_one_batch()
    assert books.backfill(payments(6), dry_run=True).status == "previewed"
    attempt.post().check_balances().constrain().expect().reconcile().complete()


def test_of_two_who_open_a_run_at_the_same_moment_one_is_refused(books):
    source = books.write_entries(payments(3))
    start = threading.Barrier(4)
    opened, refused = [], []

    def open_one() -> None:
        start.wait()
        try:
            opened.append(books.begin(source))
        except Refused as refusal:
            refused.append(refusal)

    threads = [threading.Thread(target=open_one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    owners = {(attempt.run_id, attempt.owner) for attempt in opened}
    assert len(opened) + len(refused) == 4
    # With no grace some may take over what another has just opened; nobody shares an attempt.
    assert len({run_id for run_id, _ in owners}) == 1
    assert len(owners) == len(opened)
    assert books.database.value("SELECT count(*) FROM trueup.runs") == 1


# Resume


def test_the_same_trigger_resumes_the_run_under_its_id_and_names_the_attempts(books, broken_off):
    run = books.resume(**BATCHES)
    assert (run.run_id, run.status, run.attempt) == (broken_off.run_id, "completed", 2)
    assert (run.total_read, run.total_posted) == (6, 6)
    assert books.database.value("SELECT count(*) FROM trueup.run_attempts") == 2


def test_an_airflow_task_that_is_tried_again_finds_its_own_run(books):
    first = books.begin(payments(3), airflow_run_id="one")
    again = books.begin("entries.csv", airflow_run_id="one")
    assert (again.run_id, again.owner) == (first.run_id, first.owner)


def test_how_fast_and_how_carefully_may_change_with_a_resume(books, broken_off):
    run = books.resume(
        batch_size=1, parallel_workers=3, max_retries=0, checkpoint_interval=1, accept_breaks=5,
        validate_balances=False, tolerance="0.5", max_quarantined="7",
    )  # fmt: skip
    assert (run.run_id, run.status, run.total_posted) == (broken_off.run_id, "completed", 6)
    assert run.plan["batch_size"] == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"source": payments(7)}, "the source file's content changed"),
        ({"source": payments(6)[::-1]}, "the source file's content changed"),
        ({"source_id": "another"}, "the source changed"),
        ({"mapping": "mapping.yaml"}, "the mapping changed"),
        ({"ledger_id": "OTHER"}, "ledger_id changed"),
        ({"prefix": "OTHER-"}, "prefix changed"),
        ({"limit": 5}, "limit changed"),
        ({"not_before": "2019-01-01"}, "not_before changed"),
        ({"not_after": "2031-01-01"}, "not_after changed"),
        ({"skip_duplicates": False}, "skip_duplicates changed"),
        ({"outbox": True}, "outbox changed"),
        ({"accounts": "accounts.csv"}, "accounts changed"),
    ],
)
def test_a_resume_under_anything_else_is_refused_in_words(books, broken_off, change, words):
    books.write("mapping.yaml", "constants: {assetType: cbdc}")
    books.write("accounts.csv", "id,currency_code\nx,USD\n")
    books.wait_until_nobody_works()
    before = books.state()
    with pytest.raises(Refused) as refused:
        books.begin(**({"source": "entries.csv"} | BATCHES | change))
    sentence = str(refused.value)
    assert words.replace(" changed", "") in sentence
    assert "broke off with part of its entries posted" in sentence
    assert "Trigger it exactly as it was to resume it, or take it back" in sentence
    assert books.state() == before


def test_a_resume_under_other_posting_code_is_refused_in_words(books, broken_off, monkeypatch):
    books.wait_until_nobody_works()
    monkeypatch.setattr(fingerprints, "of_posting_code", lambda _: "other code")
    with pytest.raises(Refused, match="the posting code changed since it began"):
        books.begin("entries.csv", **BATCHES)


def test_a_comment_in_the_mapping_is_no_other_mapping(books):
    mapping = books.write("mapping.yaml", "constants: {assetType: cbdc}")
    attempt = books.begin(payments(6), mapping=mapping, **BATCHES).to_posting()
    attempt.die()
    books.write("mapping.yaml", "# the bank's own words\nconstants:\n  assetType: cbdc\n")
    assert books.resume(mapping=mapping, **BATCHES).run_id == attempt.run_id


def test_accounts_that_were_changed_after_posting_began_are_refused_in_words(books):
    params = {"accounts": books.write("accounts.csv", "id,currency_code\ndave,USD\n")}
    attempt = books.begin([*payments(3), entry("dave", "world")], **params).to_posting()
    attempt.die()
    books.write("accounts.csv", "id,currency_code\ndave,USD\nerin,USD\n")
    books.wait_until_nobody_works()
    again = books.begin("entries.csv", **params).audit()
    with pytest.raises(Refused, match=r"accounts.csv was changed since run .* began to post"):
        again.ingest()
    again.die()
    books.write("accounts.csv", "id,currency_code\ndave,USD\n")
    assert books.resume(**params).status == "completed"


def test_accounts_that_were_changed_before_posting_began_are_read_again(books):
    params = {"accounts": books.write("accounts.csv", "id,currency_code\ndave,USD\n")}
    attempt = books.begin([*payments(3), entry("erin", "world")], max_quarantined="1", **params)
    attempt.to_validated().die()
    books.write("accounts.csv", "id,currency_code\nerin,USD\n")
    run = books.resume(max_quarantined="1", **params)
    assert (run.status, run.total_quarantined) == ("completed", 0)
    assert {"dave", "erin"} & set(books.balances()) == {"erin"}


def test_a_run_that_died_before_its_first_posting_gives_way_to_another_trigger(books):
    dead = books.begin(payments(6)).to_validated()
    dead.die()
    books.wait_until_nobody_works()
    run = books.backfill(payments(3))
    assert run.run_id != dead.run_id
    assert (run.status, run.total_posted) == ("completed", 3)
    assert dead.row.status == "refused"
    assert "the source file's content changed" in dead.row.message


def test_a_completed_source_starts_a_new_run_that_replays(books):
    first = books.backfill(payments(3))
    second = books.backfill("entries.csv")
    assert second.run_id != first.run_id
    assert (second.total_posted, second.total_replayed) == (0, 3)


def test_an_account_that_somebody_opened_otherwise_since_the_audit_is_not_used(books):
    params = {"accounts": books.write("accounts.csv", "id,currency_code\ndave,USD\n")}
    attempt = books.begin([entry("dave", "world")], **params).to_validated()
    books.open_account("dave", overdraft=True)
    with pytest.raises(DataFailure, match="dave was opened by somebody else since the audit"):
        attempt.open_posting()
    attempt.roll_back()
    assert books.balances()["dave"] == "0"


# Fences


def test_a_takeover_fences_the_worker_before_it(books):
    old = books.begin(payments(6), **BATCHES).to_posting()
    old.post_one_batch()
    old.connection.execute("SELECT pg_advisory_unlock_all()")  # Airflow lost sight of it
    new = books.begin("entries.csv", **BATCHES)
    assert (new.run_id, new.owner) == (old.run_id, 2)
    new.to_posting()
    before = books.state()
    for step in (old.post_one_batch, old.open_posting, old.roll_back):
        with pytest.raises(Fenced, match=r"Attempt 2 has taken run .* over from attempt 1"):
            step()
    assert books.state() == before
    new.post().check_balances().constrain().expect().reconcile().complete()
    assert books.disagreements() == []


def test_a_takeover_waits_for_the_batch_in_flight(books):
    """The old worker is in the middle of a batch: it ends whole, the next one is refused."""
    old = books.begin(payments(6), **BATCHES).to_posting()
    old.connection.execute("SELECT pg_advisory_unlock_all()")
    run = old.run()
    done = threading.Event()
    taken_over: list = []

    def take_over() -> None:
        taken_over.append(books.begin("entries.csv", **BATCHES))
        done.set()

    other = threading.Thread(target=take_over)
    with old.connection.transaction():
        journal.fence(old.connection, run, Status.POSTING)
        other.start()
        assert not done.wait(0.3)
        posting.post_rows(old.connection, run, 2, 3)
    other.join()
    assert taken_over[0].owner == 2
    with pytest.raises(Fenced, match="Attempt 2"):
        posting.post_next_batch(old.connection, run, 0, run.plan.batch_size)


def test_a_paused_run_stops_its_worker_and_can_be_resumed(books):
    worker = books.begin(payments(6), **BATCHES).to_posting()
    worker.post_one_batch()
    run = worker.run()
    somebody = books.database.connect()
    journal.move(somebody, run, Status.PAUSED)
    with pytest.raises(Fenced, match="is paused, no longer posting; this worker stops"):
        posting.post_next_batch(worker.connection, run, 0, run.plan.batch_size)
    worker.die()
    assert books.resume(**BATCHES).total_posted == 6


def test_a_step_that_is_not_drawn_is_refused_and_changes_nothing(books):
    attempt = books.begin(payments(3))
    with pytest.raises(Fenced, match="is auditing; it cannot become completed"):
        attempt.move(Status.COMPLETED, "complete")
    assert attempt.row.status == "auditing"


def test_a_range_that_is_not_posted_bars_the_way(books):
    attempt = books.begin(payments(6), **BATCHES).to_posting()
    attempt.post_one_batch()
    for step in (attempt.check_balances, attempt.constrain, attempt.complete):
        with pytest.raises(Fenced, match="posted up to key 3 of 7; posting comes first"):
            step()
    assert attempt.row.status != "completed"


# What is written down


def refuse(books, params, message="No."):
    connection = books.database.connect()
    run_id = opening.refuse_run(
        connection, LEDGER, params, opening.Attempt("ledger_backfill", "x", "tester"), message
    )
    return books.database.row("SELECT * FROM trueup.runs WHERE run_id = %s", run_id)


@pytest.mark.parametrize(
    "source", ["/etc/passwd", None, "", "   ", "a\0b", "x" * 5000, "\ud800", 42, ["a"], {"a": 1}]
)
def test_whatever_was_asked_for_a_refusal_can_be_written_down(books, source):
    row = refuse(books, {"source": source}, f"No: {source!r}\0")
    assert (row.status, row.failure) == ("refused", "refused")
    assert row.message.startswith("No: ")


def test_a_refused_run_does_not_hold_the_books(books):
    refuse(books, {"source": "nowhere.csv"})
    assert books.backfill(payments(3)).status == "completed"


def test_the_first_failure_decides_but_a_data_failure_outranks_an_operational_one(books):
    attempt = books.begin(payments(3)).to_posting()
    for failure, message in (
        ("operational", "The network died."),
        ("data", "A rule was broken."),
        ("operational", "The network died again."),
        ("data", "Another rule."),
    ):
        journal.record_failure(attempt.connection, attempt.run(), failure, message)
    assert (attempt.row.failure, attempt.row.message) == ("data", "A rule was broken.")


def test_the_audit_log_tells_the_story_in_order(books):
    run = books.backfill([*payments(3), entry(amount="x")], max_quarantined="1")
    events = [
        row.event
        for row in books.database.rows(
            "SELECT event FROM trueup.audit_log WHERE run_id = %s ORDER BY id", run.run_id
        )
    ]
    beginnings = [
        "Opened for entries.csv by tester.",
        "Posting will be in the live regime.",
        "Audited: 0 entries over 4 accounts stand",
        "Staged 4 rows.",
        "Validated: 4 read, 3 postable, 0 replayed, 1 quarantined.",
        "State hash before the first posting: ",
        "Posting opened: keys 2 to 5",
        "3 constraints hold and refuse a probe; 3 are new.",
        "Reconciled: 0 breaks, 0 accepted.",
        "Completed: 4 read, 3 posted, 0 replayed, 1 quarantined; 0 breaks accepted.",
    ]
    assert len(events) == len(beginnings), events
    for event, beginning in zip(events, beginnings, strict=True):
        assert event.startswith(beginning)


def test_the_views_keep_the_names_that_others_build_on(books):
    run = books.backfill(payments(3), batch_size=2)
    overview = books.database.row("SELECT * FROM trueup.run_overview")
    assert overview._fields == (
        "run_id", "dag_id", "system", "status", "stage", "source", "source_id",
        "total_to_process", "total_read", "total_posted", "total_replayed", "total_quarantined",
        "breaks", "state_hash_before", "state_hash_after", "digest", "started_by", "started_at",
        "finished_at", "rows_per_second", "message", "dry_run", "failure", "last_seen_at",
        "stalled", "recent_rows_per_second", "seconds_left", "worked_on",
    )  # fmt: skip
    assert (overview.run_id, overview.total_posted, overview.rows_per_second > 0) == (
        run.run_id, 3, True,
    )  # fmt: skip
    batches = books.database.rows("SELECT * FROM trueup.run_batches ORDER BY batch_no")
    assert batches[0]._fields == (
        "run_id", "batch_no", "first_key", "last_key", "read", "posted", "replayed",
        "quarantined", "seconds", "checkpoint_seconds", "committed_at",
    )  # fmt: skip
    assert [(each.first_key, each.last_key, each.posted) for each in batches] == [
        (2, 3, 2), (4, 4, 1),
    ]  # fmt: skip
    quarantined = books.database.rows("SELECT * FROM trueup.quarantined_rows")
    assert quarantined == []


def test_the_seeds_checkpoint_row_follows_the_batches(books):
    source = [*payments(3), entry(amount="x", timestampUtc="2020-05-05"), *payments(5)[3:]]
    attempt = books.begin(source, batch_size=2, max_quarantined="1").to_posting()

    def checkpoint():
        row = books.database.row("SELECT * FROM ledger_backfill_checkpoints")
        return (
            row.last_processed_id, row.total_processed, row.total_successful, row.total_failed,
            row.status,
        )  # fmt: skip

    seen = []
    finished = False
    while not finished:
        finished = attempt.post_one_batch().finished
        seen.append(checkpoint())
    assert seen == [
        ("3", 2, 2, 0, "IN_PROGRESS"),
        ("5", 4, 3, 1, "IN_PROGRESS"),
        ("7", 6, 5, 1, "IN_PROGRESS"),
    ]
    attempt.check_balances().constrain().expect().reconcile().complete()
    row = books.database.row("SELECT * FROM ledger_backfill_checkpoints")
    assert (row.source_id, row.source_type, row.status) == ("entries.csv", "CSV", "COMPLETED")
    assert row.completed_at is not None
    assert row.metadata["run_id"] == attempt.run_id


def test_a_worker_that_only_says_that_it_lives_does_not_wait_for_another_ones_batch(books):
    """The runs row is held shared by every batch: waiting there would make workers take turns."""
    attempt = books.begin(payments(8), parallel_workers=2, batch_size=2).to_posting()
    other = books.database.connect("worker")
    with other.transaction():
        journal.fence(other, attempt.run(), Status.POSTING)
        started = time.monotonic()
        attempt.post(range_no=0)
        assert time.monotonic() - started < 2


def test_a_run_that_reads_a_long_source_does_not_stop_another_one_from_posting(books):
    """Staging is made apart: the parents of the partitions are not locked while a file is read."""
    posts = books.begin(payments(8), batch_size=2).to_posting()
    reads = books.begin(books.write_entries(payments(4), "other.csv"), dry_run=True).audit()
    middle, goes_on = threading.Event(), threading.Event()
    source = reads.files.open()
    rows = list(source.rows())

    class SlowSource:
        encoding = "utf-16"  # what only the careful reader reads
        mapping, delimiter = source.mapping, source.delimiter

        def rows(self, _limit):
            yield from rows[:2]
            middle.set()
            goes_on.wait(10)
            yield from rows[2:]

    object.__setattr__(reads, "files", _Files(reads.files, SlowSource()))
    reader = threading.Thread(target=reads.ingest)
    reader.start()
    try:
        assert middle.wait(5)
        posts.connection.execute("SET lock_timeout = '500ms'")
        assert posts.post_one_batch().posted == 2
    finally:
        goes_on.set()
        reader.join()
    reads.validate().preview()
    assert reads.row.status == "previewed"


class _Files:
    def __init__(self, files, source) -> None:
        self._files, self._source = files, source

    def open(self):
        return self._source

    def __getattr__(self, name):
        return getattr(self._files, name)


def test_a_dead_workers_lock_goes_with_its_session(books):
    attempt = books.begin(payments(3)).audit()
    with suppress(Refused):
        books.begin("entries.csv")
        raise AssertionError("two workers on one run")
    attempt.die()
    books.wait_until_nobody_works()
    assert books.begin("entries.csv").owner == 2
