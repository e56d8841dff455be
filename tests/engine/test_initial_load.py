"""Plain rows come from the source a second time: only as they were when they were judged."""

import pytest

from runs import payments
from trueup import initial_load, posting
from trueup.errors import OperationalFailure
from trueup.sources import blocks


@pytest.fixture(autouse=True)
def world(books, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 300)
    books.open_world()


def post_the_rest(attempt, run, loader) -> None:
    while not posting.post_next_batch(attempt.connection, run, 0, 0, loader).finished:
        pass


def test_a_source_that_changes_while_it_is_posted_stops_the_run_before_the_changed_block(books):
    attempt = books.begin(payments(40), regime="initial").to_posting()
    run = attempt.run()
    path = books.folder / "entries.csv"
    former = path.read_bytes()
    with initial_load.opened(run, attempt.files) as loader:
        posting.post_next_batch(attempt.connection, run, 0, 0, loader)
        path.write_bytes(former.replace(b",40.39,", b",90.39,"))
        with pytest.raises(OperationalFailure, match=r"^Lines \d+ to 41 of .* were changed"):
            post_the_rest(attempt, run, loader)
    attempt.die()
    posted = books.references()
    assert 0 < len(posted) < 40
    assert books.disagreements() == []
    path.write_bytes(former)
    run = books.resume(regime="initial")
    assert (run.status, run.total_posted) == ("completed", 40)
    assert books.balances()["world"] == "-827.8"


def test_every_block_whose_rows_are_read_again_has_its_own_fingerprint(books):
    rows = payments(20)
    rows[3]["transactionType"] = "two\nlines"  # its block is read by the careful lane alone
    books.begin(rows, regime="initial").audit().ingest()
    kept = books.database.rows("SELECT plain_rows, fingerprint FROM trueup.source_blocks")
    assert any(block.plain_rows for block in kept)
    assert len({block.fingerprint for block in kept}) == len(kept)
    assert all(len(block.fingerprint) == 64 for block in kept)
