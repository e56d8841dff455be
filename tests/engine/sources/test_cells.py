"""Cells that no spreadsheet runs, and that are read again as what they were."""

import itertools

import pytest

from trueup.sources import cells
from trueup.sources.csv import CsvSource
from trueup.sources.mapping import CANONICAL_NAMES, Mapping
from trueup_web import cells as pages

# Every text of up to five of the characters that matter.
TEXTS = [
    "".join(each) for length in range(6) for each in itertools.product("'= -+1.a\t", repeat=length)
]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "  =1", "|x", "%x", "-"]
)
def test_a_formula_is_guarded(text):
    assert cells.guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-12.50", "+1", "12.50", "", "a=1", "−5", "'s-Hertogenbosch"])
def test_what_is_none_stays_as_it_is(text):
    assert cells.guarded(text) == text
    assert cells.unguarded(text) == text


def test_one_guard_is_taken_off_and_no_other():
    for text in TEXTS:
        cell = cells.guarded(text)
        assert cell in (text, f"'{text}")
        assert cells.unguarded(cell) == text
        assert cell.lstrip(" ")[:1] not in tuple("=@\t"), text


def test_numbers_and_nothing_are_no_texts():
    assert [cells.guarded(each) for each in (-5, None)] == [-5, None]


def test_the_page_guards_as_the_engine_does():
    assert pages.NOTES == cells.NOTES
    assert [pages.guarded(text) for text in TEXTS] == [cells.guarded(text) for text in TEXTS]


@pytest.mark.parametrize("note", cells.NOTES)
def test_only_a_quarantine_csv_is_taken_for_guarded(tmp_path, note):
    """By any of its own columns, for somebody may have removed the others."""
    row = ",".join("'=1+1" for _ in CANONICAL_NAMES)
    for name, header, expected in (
        ("own.csv", f"{','.join(CANONICAL_NAMES)},{note}\n{row},x\n", "=1+1"),
        ("other.csv", f"{','.join(CANONICAL_NAMES)},note\n{row},x\n", "'=1+1"),
    ):
        (tmp_path / name).write_text(header)
        (read,) = CsvSource(tmp_path / name, Mapping()).rows()
        assert set(read[4:]) == {expected}
