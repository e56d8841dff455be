"""How a key range is cut, and how batch size adapts."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup import batches
from trueup.batches import KeyRange, cut

keys = st.integers(min_value=0, max_value=2**62)


@given(first=keys, width=st.integers(1, 10**12), parts=st.integers(1, 64))
def test_cuts_leave_no_gap_and_no_overlap(first, width, parts):
    last = first + width - 1
    ranges = cut(first, last, parts)
    assert ranges[0].first_key == first
    assert ranges[-1].last_key == last
    for left, right in pairwise(ranges):
        assert right.first_key == left.last_key + 1
    assert all(each.first_key <= each.last_key for each in ranges)


@given(first=keys, width=st.integers(1, 10**12), parts=st.integers(1, 64))
def test_cuts_are_as_many_as_asked_for_or_one_a_key_and_nearly_equal(first, width, parts):
    widths = [last - low + 1 for low, last in cut(first, first + width - 1, parts)]
    assert len(widths) == min(parts, width)
    assert max(widths) - min(widths) <= 1


def test_a_single_key_is_one_range_however_many_workers_there_are():
    assert cut(7, 7, 16) == [KeyRange(7, 7)]


@pytest.mark.parametrize(("first", "last", "parts"), [(2, 1, 1), (1, 10, 0), (1, 10, -1)])
def test_an_empty_range_and_no_parts_are_refused(first, last, parts):
    with pytest.raises(ValueError, match="cannot cut"):
        cut(first, last, parts)


SECONDS = st.floats(0.001, 1000)


@given(st.integers(1, 10**6), SECONDS, st.floats(0.05, 60))
def test_a_size_grows_gently_shrinks_fast_and_stays_within_bounds(size, seconds, target):
    following = batches.next_size(size, seconds, target)
    if seconds > target * 1.2:
        assert min(size, batches.SMALLEST_BATCH) <= following <= size
        assert following >= size * 0.1 - 1
    elif seconds < target * 0.8:
        assert size <= following <= max(size, batches.LARGEST_BATCH)
        assert following <= size * 1.5 + 1
    else:
        assert following == size


@given(st.floats(0.00001, 0.01), st.floats(0.1, 10))
def test_sizes_settle_where_a_batch_takes_as_long_as_it_should(seconds_a_key, target):
    size = 1000
    for _ in range(60):
        size = batches.next_size(size, size * seconds_a_key, target)
    fitting = min(max(target / seconds_a_key, batches.SMALLEST_BATCH), batches.LARGEST_BATCH)
    assert fitting * 0.7 <= size <= fitting * 1.3


def test_a_slow_batch_is_followed_by_one_a_tenth_as_large_at_once():
    assert batches.next_size(50_000, 60.0, 1.0) == 5_000


def test_halving_stops_at_the_smallest_batch_and_leaves_smaller_first_sizes_alone():
    assert [batches.halve(size) for size in (1000, 150, 100, 5)] == [500, 100, 100, 5]


def test_ranges_end_where_blocks_end():
    cuts = batches.cut(2, 101, 4)
    aligned = batches.align(cuts, [10, 40, 60, 101])
    assert aligned == [(2, 40), (41, 60), (61, 101)]
    assert batches.align(batches.cut(2, 101, 4), [101]) == [(2, 101)]
