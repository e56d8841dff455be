"""What staging keeps while it reads: as much for a long source as for a short one."""

import tracemalloc

import pytest

from runs import entry, payments
from trueup import staging, statements
from trueup.sources import blocks, plain


@pytest.fixture(autouse=True)
def world(books):
    books.open_world()


def test_rows_that_are_not_plain_leave_nothing_in_memory(books, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1 << 14)
    number = 10_000
    attempt = books.begin(entry(timestampUtc="2020-01-01") for _ in range(number)).audit()
    held: list[int] = []

    def measure(*_: object) -> None:
        found = tracemalloc.take_snapshot().filter_traces(
            [tracemalloc.Filter(True, plain.__file__)]
        )
        held.append(sum(trace.size for trace in found.traces))

    monkeypatch.setattr(staging, "_keep_movements", measure)
    tracemalloc.start()
    try:
        attempt.ingest()
    finally:
        tracemalloc.stop()
    assert attempt.row.staged_rows == number
    # Its number alone would take more of every row.
    assert held[0] < 8 * number


@pytest.mark.parametrize("regime", ["live", "initial"])
def test_rows_are_withdrawn_a_slice_at_a_time(books, monkeypatch, regime):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 300)
    monkeypatch.setattr(staging, "_KEYS_AT_ONCE", 3)
    slices: list[int] = []
    execute = statements.execute

    def watch(connection, name, /, **values):
        if name.endswith("/withdraw_plain"):
            slices.append(len(values["positions"]))
        return execute(connection, name, **values)

    monkeypatch.setattr(statements, "execute", watch)
    rows = payments(10)
    run = books.backfill([*rows, *rows[2:6]], regime=regime)
    assert slices == [3, 3, 2]
    assert (run.status, run.total_posted, run.total_replayed) == ("completed", 10, 4), run.message
    assert books.references() == [row["referenceId"] for row in rows]
    assert books.disagreements() == []
