"""JSON Lines: an object a line, numbers to the last digit, a bad line spoils itself alone."""

import pytest

from trueup.errors import Refused
from trueup.sources.json_lines import JsonLinesSource
from trueup.sources.mapping import Mapping

ROW = '{"debitAccountId": "a", "creditAccountId": "b", "amount": %s, "transactionType": "PAY"}'


@pytest.fixture
def source(tmp_path):
    def write(*lines: str, **mapping) -> JsonLinesSource:
        path = tmp_path / "entries.jsonl"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return JsonLinesSource(path, Mapping.model_validate(mapping))

    return write


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('"10.10"', "10.10"), ("10.10", "10.10"), ("7", "7"), ("true", "true"), ("null", None),
        ("12345678901234567890.123456789", "12345678901234567890.123456789"), ("1e3", "1E+3"),
        ('""', None), ("[1]", "[1]"),
    ],
)  # fmt: skip
def test_a_value_is_read_as_it_is_written(source, written, read):
    (row,) = source(ROW % written).rows()
    assert row[7] == read


def test_blank_lines_are_no_records_and_lines_keep_their_numbers(source):
    rows = list(source("", ROW % 1, "  ", ROW % 2).rows())
    assert [row[0] for row in rows] == [2, 4]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "is not JSON"),
        ("[1, 2]", "is not a JSON object"),
        ('{"amount": 1, "amount": 2}', "names 'amount' more than once"),
        ('{"amount": NaN}', "is not JSON"),
        ('{"amount": "1\\u0000"}', "holds a character"),
        ('{"amount": "\\ud800"}', "holds a character"),
        ('{"a": ' * 5000 + "1" + "}" * 5000, "is nested too deeply"),
    ],
)
def test_a_line_that_is_no_record_spoils_itself_alone(source, line, why):
    first, second = source(line, ROW % 5).rows()
    assert first[1] == "unreadable_line"
    assert why in first[2]
    assert second[7] == "5"


def test_objects_may_name_their_fields_in_any_order_and_lack_some(source):
    rows = list(source(ROW % 1, '{"amount": 2, "debitAccountId": "x"}').rows())
    assert rows[1][5:8] == ("x", None, "2")


def test_metadata_keeps_its_numbers(source):
    line = (ROW % 1)[:-1] + ', "metadata": {"rate": 1.10, "deep": {"n": 5}}}'
    (row,) = source(line).rows()
    assert row[14] == '{"rate": 1.10, "deep": {"n": 5}}'


def test_a_mapping_renames_fields_and_gathers_the_others(source):
    line = '{"soll": "a", "haben": "b", "amount": "1,50", "note": "x", "transactionType": "T"}'
    columns = {"debitAccountId": "soll", "creditAccountId": "haben"}
    opened = source(line, columns=columns, decimal_separator=",", metadata="unmapped")
    (row,) = opened.rows()
    assert row[5:8] == ("a", "b", "1.50")
    assert row[14] == '{"note": "x"}'
    assert opened.about()["ignored_columns"] == []


def test_a_limit_reads_no_further(source):
    assert len(list(source(*[ROW % 1] * 5).rows(2))) == 2


def test_a_file_without_any_object_or_without_what_a_posting_needs_is_refused(source):
    with pytest.raises(Refused, match="None of the first 100 lines"):
        source("debitAccountId,creditAccountId")
    with pytest.raises(Refused, match="no column for 'creditAccountId'"):
        source('{"debitAccountId": "a", "amount": 1, "transactionType": "T"}')
