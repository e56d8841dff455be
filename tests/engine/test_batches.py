"""How a key range is cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
