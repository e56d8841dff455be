"""What comes out of a CSV file, whatever went in."""

import codecs
import csv as standard_csv
import io
import time
from encodings.aliases import aliases
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trueup.errors import OperationalFailure, Refused
from trueup.sources.csv import CsvSource
from trueup.sources.mapping import CANONICAL_NAMES, Mapping
from trueup.sources.records import MAX_RECORD_CHARACTERS, Malformed, RecordReader, split_record

SAMPLES = Path(__file__).resolve().parents[3] / "include" / "samples" / "opencollective"
FULL_HEADER = ",".join(CANONICAL_NAMES)
HEADER = "debitAccountId,creditAccountId,amount,transactionType"
FIELDS = slice(4, None)
EUR = "€".encode()


@pytest.fixture
def source(tmp_path):
    """Opens a file with the given bytes (or text, as UTF-8)."""

    def open_source(content: bytes | str, **mapping) -> CsvSource:
        path = tmp_path / "entries.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return CsvSource(path, Mapping(**mapping))

    return open_source


def named(row) -> dict[str, str]:
    """The fields of a staged row that are not empty, by name."""
    return {name: value for name, value in zip(CANONICAL_NAMES, row[FIELDS], strict=True) if value}


def readable(rows) -> list[tuple[int, str | None]]:
    """Position and amount of the rows that could be read."""
    return [(row[0], row[7]) for row in rows if row[1] is None]


def unreadable(rows) -> list[int]:
    """Positions of the rows that could not; each says why and claims no field."""
    found = [row for row in rows if row[1] is not None]
    for row in found:
        assert row[1] == "unreadable_line"
        assert row[2].endswith(".")
        assert set(row[FIELDS]) == {None}
    return [row[0] for row in found]


# The real sample


def test_every_entry_of_the_real_sample_is_read():
    source = CsvSource(SAMPLES / "ledger_entries.csv", Mapping())
    rows = list(source.rows())
    lines = (SAMPLES / "ledger_entries.csv").read_text().splitlines()
    assert len(rows) == 3783
    assert unreadable(rows) == []
    assert source.columns.ignored == []
    assert [row[3] for row in rows] == lines[1:]
    assert [row[0] for row in rows] == list(range(2, 3785))
    with open(SAMPLES / "ledger_entries.csv", newline="") as file:
        expected = [
            tuple(field or None for field in record) for record in standard_csv.reader(file)
        ]
    assert [row[FIELDS] for row in rows] == expected[1:]


# What a row is


def test_a_row_has_its_line_its_text_and_eleven_fields_in_the_source_formats_order(source):
    text = 'L,d,c,1.00,USD,fiat,PAY,R1,2024-03-01T00:00:00Z,1.1,"{""a"":1}"'
    (row,) = source(f"{FULL_HEADER}\n{text}\n").rows()
    assert row == (
        2, None, None, text,
        "L", "d", "c", "1.00", "USD", "fiat", "PAY", "R1", "2024-03-01T00:00:00Z", "1.1",
        '{"a":1}',
    )  # fmt: skip


def test_white_space_around_fields_is_no_content_and_an_empty_field_is_none(source):
    (row,) = source(f'{HEADER},fxRate\n  d ,\u00a0c\t,"  1.00 ",PAY,   \n').rows()
    assert row[3] == '  d ,\u00a0c\t,"  1.00 ",PAY,   '
    assert named(row) == {
        "debitAccountId": "d", "creditAccountId": "c", "amount": "1.00", "transactionType": "PAY",
    }  # fmt: skip


def test_formulas_html_and_sql_are_just_text(source):
    fields = ["=HYPERLINK(1)", "<script>alert(1)</script>", "1'); DROP TABLE x;--", "@SUM"]
    (row,) = source(f"{HEADER}\n{','.join(fields)}\n").rows()
    assert list(named(row).values()) == fields


def test_amounts_are_text_as_they_stand(source):
    amounts = ["9223372036854775808.99", "1e3", "NaN", "-5", "0", "+1", "١٢"]
    content = HEADER + "\n" + "".join(f"d,c,{amount},PAY\n" for amount in amounts)
    assert [amount for _, amount in readable(source(content).rows())] == amounts


def test_limit_counts_records_unreadable_ones_too(source):
    opened = source(f"{HEADER}\nd,c,1,PAY\nd,c\nd,c,3,PAY\n")
    assert [row[0] for row in opened.rows(limit=2)] == [2, 3]
    assert list(opened.rows(limit=0)) == []


def test_rows_can_be_read_again(source):
    opened = source(f"{HEADER}\nd,c,1,PAY\n")
    assert list(opened.rows()) == list(opened.rows())


def test_a_header_without_rows_is_a_source_of_no_rows(source):
    assert list(source(HEADER).rows()) == []
    assert list(source(HEADER + "\r\n\r\n").rows()) == []


# Line ends, blank lines, byte order marks, delimiters, encodings


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_ends_a_line(source, end):
    rows = list(source(end.join([HEADER, "d,c,1,PAY", "d,c,2,PAY", ""])).rows())
    assert readable(rows) == [(2, "1"), (3, "2")]
    assert rows[0][3] == "d,c,1,PAY"


def test_blank_lines_are_no_records_but_they_count(source):
    rows = list(source(f"\n  \n{HEADER}\n\n \t \nd,c,1,PAY\n\n").rows())
    assert readable(rows) == [(6, "1")]
    assert len(rows) == 1


def test_a_line_of_delimiters_alone_is_a_record(source):
    assert [named(row) for row in source(f"{HEADER}\n,,,\n").rows()] == [{}]
    tabs = HEADER.replace(",", "\t")
    assert [named(row) for row in source(f"{tabs}\n\t\t\t\n").rows()] == [{}]
    assert unreadable(list(source(f"{tabs}\n \t \n").rows())) == [2]


def test_characters_that_only_python_takes_for_line_ends_stay_in_their_field(source):
    (row,) = source(f"{HEADER}\nd\u2028x,c\x0bx,1\x85\x1c2,PAY\n").rows()
    assert row[5:8] == ("d\u2028x", "c\x0bx", "1\x85\x1c2")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_header_tells_the_delimiter(source, delimiter):
    opened = source(f"{HEADER}\nd,c,1,PAY\n".replace(",", delimiter))
    assert opened.delimiter == delimiter
    assert readable(opened.rows()) == [(2, "1")]


def test_a_declared_delimiter_wins_over_the_header(source):
    opened = source(f"{HEADER.replace(',', '^')}\nd^c^1,5^PAY\n", delimiter="^")
    assert readable(opened.rows()) == [(2, "1,5")]


@pytest.mark.parametrize(
    "encoded",
    [
        codecs.BOM_UTF8 + f"{HEADER}\nä,c,1,PAY\n".encode(),
        f"{HEADER}\nä,c,1,PAY\n".encode("utf-16"),
        codecs.BOM_UTF16_BE + f"{HEADER}\nä,c,1,PAY\n".encode("utf-16-be"),
        f"{HEADER}\nä,c,1,PAY\n".encode("utf-32"),
    ],
)
def test_a_byte_order_mark_says_the_encoding(source, encoded):
    (row,) = source(encoded).rows()
    assert row[3] == "ä,c,1,PAY"
    assert row[5] == "ä"


@pytest.mark.parametrize(
    "encoding", ["cp1252", "iso-8859-15", "utf-16-le", "utf-16-be", "utf-8", "utf_8_sig"]
)
def test_a_declared_encoding_is_used(source, encoding):
    (row,) = source(f"{HEADER}\nä€,c,1,PAY\n".encode(encoding), encoding=encoding).rows()
    assert row[5] == "ä€"


def test_a_byte_order_mark_before_a_declared_utf16_is_no_part_of_the_header(source):
    content = codecs.BOM_UTF16_LE + f"{HEADER}\nd,c,1,PAY\n".encode("utf-16-le")
    assert readable(source(content, encoding="utf-16-le").rows()) == [(2, "1")]


# What is refused at opening


def refusal(source, content, **mapping) -> str:
    with pytest.raises(Refused) as refused:
        source(content, **mapping)
    return str(refused.value)


def test_an_empty_file_is_refused(source):
    assert "is empty" in refusal(source, b"")
    assert "no header" in refusal(source, b"\n\n \r\n")
    assert "no header" in refusal(source, codecs.BOM_UTF8)


def test_a_header_without_a_needed_column_says_which_and_what_there_is(source):
    sentence = refusal(source, "Soll;Haben;amount\n1;2;3\n")
    for words in (
        "'debitAccountId', 'creditAccountId', 'transactionType'",
        "'Soll', 'Haben', 'amount'",
        "`columns` in a mapping",
    ):
        assert words in sentence
    assert "'amount'" not in sentence.split("Its columns")[0]


def test_a_column_that_the_mapping_names_and_the_file_lacks_is_refused_with_the_nearest(source):
    sentence = refusal(source, f"{HEADER},Betrag\n", columns={"amount": "Betrga"})
    assert "'Betrga', which is not there (did you mean 'Betrag'?)" in sentence


def test_a_column_that_the_mapping_gives_another_name_does_not_keep_its_own(source):
    sentence = refusal(
        source,
        HEADER.replace("creditAccountId", "other"),
        columns={"creditAccountId": "debitAccountId"},
    )
    assert "there is no column for 'debitAccountId'." in sentence


def test_a_column_named_twice_is_refused(source):
    assert "names 'amount' more than once" in refusal(source, f"{HEADER},amount\nd,c,1,PAY,2\n")


def test_two_spellings_of_one_name_are_refused_unless_one_is_exact(source):
    ambiguous = HEADER.replace("amount", "AMOUNT,Amount")
    assert "'AMOUNT', 'Amount' could each be amount" in refusal(source, ambiguous)
    opened = source(f"{HEADER},AMOUNT\nd,c,1,PAY,2\n")
    assert readable(opened.rows()) == [(2, "1")]
    assert opened.columns.ignored == ["AMOUNT"]


def test_a_header_that_opens_a_quote_is_refused(source):
    assert "opens a quote that is not closed" in refusal(source, f'"{HEADER}\nd,c,1,PAY\n')
    assert "between a closing quote" in refusal(source, f'"debit"AccountId,{HEADER}\n')


def test_undeclared_bytes_that_are_not_utf8_are_refused_with_line_offset_and_hint(source):
    content = f"{HEADER}\r\nd,c,1,PAY\r\nM".encode() + b"\xfcller,c,2,PAY\r\n"
    sentence = refusal(source, content)
    assert "byte 0xFC in line 3" in sentence
    assert f"offset {content.index(0xFC)}" in sentence
    assert "`encoding: cp1252`" in sentence


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_bad_byte_far_inside_the_file_is_refused_with_its_line(source, end):
    line = f"d,{EUR.decode()},1.00,PAY{end}".encode()
    count = (3 << 20) // len(line)
    sentence = refusal(source, f"{HEADER}{end}".encode() + line * count + b"\xff" + line)
    assert f"in line {count + 2} " in sentence


@pytest.mark.parametrize(("boundary", "line"), [("€", 3), ("\r\n", 4)])
def test_a_bad_byte_after_a_block_that_ends_inside_a_character_is_found_exactly(
    source, boundary, line
):
    start = f"{HEADER}\r\n".encode()
    start += b"x" * ((1 << 20) - len(start) - 1) + boundary.encode()
    sentence = refusal(source, start + b"\r\nd,\xff\r\n")
    assert f"in line {line} (offset {len(start) + 4})" in sentence


def test_utf16_without_a_mark_is_refused_with_the_encoding_to_declare(source):
    for encoding in ("utf-16-le", "utf-16-be"):
        content = f"{HEADER}\nd,c,1,PAY\n".encode(encoding)
        assert f"`encoding: {encoding}`" in refusal(source, content)


def test_a_mark_that_contradicts_the_mapping_is_refused(source):
    content = codecs.BOM_UTF8 + HEADER.encode()
    assert "byte order mark of utf-8" in refusal(source, content, encoding="cp1252")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04" + bytes(100), "an Excel workbook or ZIP archive"),
        (b"\x1f\x8b\x08" + bytes(100), "a gzip archive"),
        (bytes(range(256)) * 16, "a binary file"),
        (bytes(5000), "a binary file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(32)) * 10, "a binary file"),
    ],
)
def test_a_binary_file_is_refused_by_name(source, content, words):
    assert words in refusal(source, content)


def test_a_line_without_end_is_refused_before_it_fills_the_memory(source):
    assert "a line of more than 64 million characters" in refusal(
        source, HEADER.encode() + b"\n" + b"x" * (66 << 20)
    )


def test_a_file_that_grows_after_it_was_opened_is_refused(source):
    opened = source(f"{HEADER}\nd,c,1,PAY\n")
    with open(opened.path, "a") as file:
        file.write("d,c,2,PAY\n")
    with pytest.raises(Refused, match="was changed while it was being read"):
        list(opened.rows())


def test_a_file_that_grows_while_it_is_read_is_refused(source):
    opened = source(f"{HEADER}\nd,c,1,PAY\n")
    rows = opened.rows()
    next(rows)
    with open(opened.path, "a") as file:
        file.write("d,c,2,PAY\n")
    with pytest.raises(Refused, match="was changed while it was being read"):
        list(rows)


def test_a_file_that_vanishes_after_it_was_opened_is_an_operational_failure(source):
    opened = source(f"{HEADER}\n")
    opened.path.unlink()
    with pytest.raises(OperationalFailure, match="could not be read to its end"):
        list(opened.rows())


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(Refused, match=r"cannot be read \(No such file"):
        CsvSource(tmp_path / "entries.csv", Mapping())


# Header names


@pytest.mark.parametrize(
    "header",
    [
        "debit_account_id,credit_account_id,amount,transaction_type",
        "DebitAccountID,CREDITACCOUNTID,Amount,Transaction Type",
        '"debitAccountId", creditAccountId ,"amount","transactionType"',
    ],
)
def test_header_names_match_however_they_are_spelled(source, header):
    (row,) = source(f"{header}\nd,c,1,PAY\n").rows()
    assert named(row) == {
        "debitAccountId": "d", "creditAccountId": "c", "amount": "1", "transactionType": "PAY",
    }  # fmt: skip


def test_columns_nobody_reads_are_listed_nameless_ones_too(source):
    opened = source(f"{HEADER},note,,\nd,c,1,PAY,x,y,z\n")
    assert opened.columns.ignored == ["note", "column 6", "column 7"]
    assert readable(opened.rows()) == [(2, "1")]


def test_a_header_name_may_run_over_two_lines(source):
    opened = source(f'{HEADER},"a\nnote"\nd,c,1,PAY,x\n')
    assert opened.columns.ignored == ["a\nnote"]
    assert readable(opened.rows()) == [(3, "1")]


# The mapping, row by row


def test_a_german_bank_export_becomes_source_format(source):
    content = (
        "Soll;Haben;Betrag;Art;Buchungstag;Kurs;Verwendungszweck\r\n"
        "1200;4400;1.234,56;Überweisung;05.03.2024;1,0825;Miete März\r\n"
        "1200;4711;12.34;Gebühr;31.02.2024;;\r\n"
    )
    opened = source(
        content.encode("cp1252"),
        encoding="cp1252",
        decimal_separator=",",
        thousands_separator=".",
        timestamp_formats=["%d.%m.%Y"],
        columns={
            "debitAccountId": "Soll", "creditAccountId": "Haben", "amount": "Betrag",
            "transactionType": "Art", "timestampUtc": "Buchungstag", "fxRate": "Kurs",
        },
        constants={"currencyCode": "EUR"},
        defaults={"fxRate": "1"},
        account_ids={"1200": "bank", "4400": "rent"},
        transaction_types={"Überweisung": "TRANSFER"},
        metadata="unmapped",
    )  # fmt: skip
    good, bad = opened.rows()
    assert named(good) == {
        "debitAccountId": "bank", "creditAccountId": "rent", "amount": "1234.56",
        "currencyCode": "EUR", "transactionType": "TRANSFER",
        "timestampUtc": "2024-03-05T00:00:00Z", "fxRate": "1.0825",
        "metadata": '{"Verwendungszweck": "Miete März"}',
    }  # fmt: skip
    assert good[3] == "1200;4400;1.234,56;Überweisung;05.03.2024;1,0825;Miete März"
    assert named(bad) == {
        "debitAccountId": "bank", "creditAccountId": "4711",
        "amount": "12.34 (not written with decimal ,)", "currencyCode": "EUR",
        "transactionType": "Gebühr", "timestampUtc": "31.02.2024", "fxRate": "1",
    }  # fmt: skip
    assert opened.columns.ignored == []


def test_a_constant_or_a_default_can_stand_for_a_column_that_is_not_there(source):
    opened = source(
        "debitAccountId,amount\nd,1\n",
        constants={"creditAccountId": "cash"},
        defaults={"transactionType": "PAY"},
    )
    (row,) = opened.rows()
    assert named(row) == {
        "debitAccountId": "d", "creditAccountId": "cash", "amount": "1", "transactionType": "PAY",
    }  # fmt: skip


def test_a_constant_sets_aside_a_column_of_its_name_and_says_so(source):
    opened = source(f"{HEADER}\nd,c,1,PAY\n", constants={"transactionType": "OPENING"})
    assert named(next(opened.rows()))["transactionType"] == "OPENING"
    assert opened.columns.ignored == ["transactionType"]


def test_listed_columns_are_gathered_into_metadata_beside_what_is_there(source):
    opened = source(
        f'{HEADER},metadata,note,page,other\nd,c,1,PAY,"{{""fee"":1.10,""page"":7}}",x,9,z\n',
        metadata=["note", "page"],
    )
    assert next(opened.rows())[14] == '{"fee":1.10,"page":7, "note": "x"}'
    assert opened.columns.ignored == ["other"]


def test_a_gathered_column_that_is_not_there_is_refused(source):
    assert "gathers 'note' into metadata" in refusal(source, HEADER, metadata=["note"])


def test_without_a_quote_character_quotes_are_text(source):
    opened = source(f'{HEADER}\n"d,c,1,5" pipe\n', quote="none")
    assert named(next(opened.rows()))["transactionType"] == '5" pipe'


# Records that cannot be read


def test_too_few_and_too_many_fields_are_unreadable_and_say_so(source):
    rows = list(source(f"{HEADER}\nd,c,1\nd,c,2,PAY\nd,c,3,PAY,x\nd\n").rows())
    assert unreadable(rows) == [2, 4, 5]
    assert readable(rows) == [(3, "2")]
    assert [row[2] for row in rows if row[2]] == [
        "This line has 3 fields, the header has 4.",
        "This line has 5 fields, the header has 4.",
        "This line has 1 field, the header has 4.",
    ]


def test_an_embedded_line_end_is_part_of_its_field(source):
    rows = list(source(f'{HEADER}\n"d\nx\r\n\r\ny",c,1,PAY\r\nd,c,2,"P\n""A""\n"\n').rows())
    assert readable(rows) == [(2, "1"), (6, "2")]
    assert rows[0][5] == "d\nx\r\n\r\ny"
    assert rows[0][3] == '"d\nx\r\n\r\ny",c,1,PAY'
    assert rows[1][10] == 'P\n"A"'


def test_pretty_printed_json_in_a_field_is_one_record(source):
    metadata = '"{\n  ""a"": 1,\n  ""b"": [1, 2, 3],\n  ""c"": ""x, y""\n}"'
    rows = list(source(f"{HEADER},metadata\nd,c,1,PAY,{metadata}\nd,c,2,PAY,\n").rows())
    assert readable(rows) == [(2, "1"), (7, "2")]


def test_an_unclosed_quote_takes_only_its_own_line(source):
    lines = [f"d,c,{number},PAY" for number in range(2, 30)]
    lines[8] = 'd,c,10,"PAY'
    rows = list(source("\n".join([HEADER, *lines])).rows())
    assert unreadable(rows) == [10]
    assert readable(rows) == [(n, str(n)) for n in range(2, 30) if n != 10]
    assert "opens a quote that is not closed" in rows[8][2]


def test_an_unclosed_quote_takes_only_its_own_line_when_later_fields_are_quoted(source):
    good = [f'd,c,{number},PAY,"{{""n"":{number}, ""m"":1}}"' for number in range(2, 30)]
    good[8] = good[8].removesuffix('"')
    rows = list(source("\n".join([f"{HEADER},metadata", *good])).rows())
    assert unreadable(rows) == [10]
    assert [position for position, _ in readable(rows)] == [n for n in range(2, 30) if n != 10]


def test_a_continuation_that_reads_as_a_record_of_its_own_is_not_swallowed(source):
    rows = list(source(f'{HEADER}\nd,c,1,"PAY\nd,c,2,"P, 2"\nd,c,3,"PAY"\nx,c,4,PAY"\n').rows())
    assert unreadable(rows) == [2]
    assert readable(rows) == [(3, "2"), (4, "3"), (5, "4")]


def test_a_record_between_two_halves_of_a_quote_is_not_swallowed(source):
    for between in ("d,c,2,PAY", 'd,c,2,"P, 2"', '"d","c","2","P ""2"""'):
        rows = list(source(f'{HEADER}\nd,c,1,"PAY\n{between}\nand more"\n').rows())
        assert unreadable(rows) == [2, 4]
        assert readable(rows) == [(3, "2")]


def test_lines_before_an_unclosed_quote_at_the_end_of_the_file_are_not_lost(source):
    rows = list(source(f'{HEADER}\nd,c,1,PAY\nd,c,2,"PAY\nfoo\n\nbar,x\n').rows())
    assert [(row[0], row[3]) for row in rows] == [
        (2, "d,c,1,PAY"), (3, 'd,c,2,"PAY'), (4, "foo"), (6, "bar,x"),
    ]  # fmt: skip
    assert unreadable(rows) == [3, 4, 6]


@pytest.mark.parametrize("line", ['d,c,{},"', '",c,{},PAY', 'd,",{},PAY', 'd,c,",PAY'])
def test_a_stray_quote_on_every_line_never_pairs_two_entries_into_one(source, line):
    content = HEADER + "\n" + "".join(line.format(n) + "\n" for n in range(10))
    rows = list(source(content).rows())
    assert readable(rows) == []
    assert unreadable(rows) == list(range(2, 12))


def test_a_broken_quote_is_unreadable(source):
    rows = list(source(f'{HEADER}\n"d"x,c,1,PAY\n"a"b"c",c,2,PAY\nd,c,3,PAY\n').rows())
    assert unreadable(rows) == [2, 3]
    assert readable(rows) == [(4, "3")]


def test_a_line_end_outside_of_quotes_never_becomes_part_of_a_field(source):
    rows = list(source(f'{HEADER}\nd,c,1,"PAY\n",x"y\nz"\nd,c,2,PAY\n').rows())
    assert unreadable(rows) == [2, 3, 4]
    assert readable(rows) == [(5, "2")]


def test_a_quote_inside_an_unquoted_field_is_text(source):
    rows = list(source(f'{HEADER},metadata\nd,c,1,5" pipe,{{"a":1}}\nd,c,2,PAY,\n').rows())
    assert [row[10] for row in rows] == ['5" pipe', "PAY"]
    assert rows[0][14] == '{"a":1}'


@pytest.mark.parametrize("last", ["d,c,2", 'd,c,2,"PA', 'd,c,2,"PA\nY', "d,c,2,PAY,"])
def test_a_truncated_last_line_is_unreadable(source, last):
    rows = list(source(f"{HEADER}\nd,c,1,PAY\n{last}").rows())
    assert readable(rows) == [(2, "1")]
    assert unreadable(rows)[0] == 3


def test_a_last_line_without_its_end_is_read(source):
    assert readable(source(f"{HEADER}\nd,c,1,PAY").rows()) == [(2, "1")]


def test_a_file_cut_off_inside_a_character_loses_only_its_last_line(source):
    rows = list(source(f"{HEADER}\nd,c,1,PAY\nd,c,2,PAY".encode() + EUR[:2]).rows())
    assert readable(rows) == [(2, "1")]
    assert unreadable(rows) == [3]
    assert rows[1][3] == "d,c,2,PAY\\xe2\\x82"


def test_a_nul_spoils_only_its_line_and_its_text_can_be_stored(source):
    rows = list(source(f"{HEADER}\nd,c,1,PAY\nd\0,c,2,PAY\nd,c,3,PAY\n").rows())
    assert readable(rows) == [(2, "1"), (4, "3")]
    assert rows[1][:4] == (
        3, "unreadable_line", "This line holds a NUL byte.", "d\\x00,c,2,PAY",
    )  # fmt: skip


def test_a_quoted_field_does_not_run_over_a_nul(source):
    rows = list(source(f'{HEADER}\nd,c,1,"PAY\n\0"\nd,c,2,PAY\n').rows())
    assert unreadable(rows) == [2, 3]
    assert readable(rows) == [(4, "2")]


def test_a_byte_without_meaning_in_a_declared_encoding_spoils_only_its_line(source):
    content = f"{HEADER}\nd,c,1,PAY\nM".encode() + b"\x81\xfc,c,2,PAY\nd,c,3,PAY\n"
    rows = list(source(content, encoding="cp1252").rows())
    assert readable(rows) == [(2, "1"), (4, "3")]
    assert rows[1][3] == "M\\x81ü,c,2,PAY"
    assert unreadable(list(source(content, encoding="utf-8").rows())) == [3]


def test_half_a_surrogate_pair_under_a_mark_of_utf16_spoils_only_its_line(source):
    content = f"{HEADER}\nd,c,1,PAY\n\ud83d,c,2,PAY\nd,c,3,PAY\n".encode("utf-16", "surrogatepass")
    rows = list(source(content).rows())
    assert readable(rows) == [(2, "1"), (4, "3")]
    assert rows[1][3] == "\\x3d\\xd8,c,2,PAY"


def test_half_a_character_at_the_end_of_utf16_spoils_only_its_line(source):
    rows = list(source(f"{HEADER}\nd,c,1,PAY\nd,c,2,PAY".encode("utf-16") + b"x").rows())
    assert readable(rows) == [(2, "1")]
    assert unreadable(rows) == [3]


def test_a_field_of_half_a_mebibyte_is_read_and_a_record_above_one_is_not(source):
    limit = standard_csv.field_size_limit()
    small, large = "x" * (MAX_RECORD_CHARACTERS // 2), "x" * (MAX_RECORD_CHARACTERS + 1)
    rows = list(source(f'{HEADER}\nd,c,1,"{small}"\nd,c,2,{large}\nd,c,3,PAY\n').rows())
    assert readable(rows) == [(2, "1"), (4, "3")]
    assert rows[1][3] == f"d,c,2,{large}"
    assert standard_csv.field_size_limit() == limit


def test_a_record_of_a_thousand_lines_is_read_and_a_longer_one_is_not(source):
    def record(lines: int) -> str:
        return 'd,c,1,"P' + "\n" * (lines - 1) + '"\n'

    assert readable(source(f"{HEADER}\n{record(1000)}").rows()) == [(2, "1")]
    rows = list(source(f"{HEADER}\n{record(1001)}d,c,2,PAY\n").rows())
    assert readable(rows) == [(1003, "2")]
    assert unreadable(rows) == [2, 1002]


@pytest.mark.parametrize("line", ['d,"c', 'x","y', '"', '"""', '","', 'a,"b""', '"a\n\n""\nb'])
def test_a_file_of_unclosed_quotes_is_read_in_seconds(source, line):
    content = f"{HEADER}\n" + f"{line}\n" * 100_000
    started = time.process_time()
    rows = list(source(content).rows())
    assert time.process_time() - started < 10
    assert unreadable(rows)[0] == 2


def test_one_quote_before_many_lines_is_not_searched_for_again(source):
    rows = list(source(f'{HEADER}\n"' + "x,y\n" * 100_000).rows())
    assert unreadable(rows) == list(range(2, 100_002))


# Properties


csv_text = st.text(
    alphabet=st.one_of(
        st.sampled_from('"",,,;\n\n\r\t |\0 ab1.é\ufeff\u2028'),
        st.characters(codec="utf-8"),
    ),
    max_size=200,
)


def lines_of(text: str) -> list[str]:
    """Physical lines without their ends, as a person counts them."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def check_that_no_line_is_lost(reader: RecordReader, text: str) -> None:
    records = list(reader.read(iter(io.StringIO(text, newline="")), 1))
    positions = [position for position, *_ in records]
    assert positions == sorted(set(positions))
    covered: dict[int, str] = {}
    for position, raw, fields, reason in records:
        assert (fields is None) == (reason is not None)
        assert fields is None or len(fields) == reader.width
        for number, line in enumerate(lines_of(raw), start=position):
            assert number not in covered
            covered[number] = line
    for number, line in enumerate(lines_of(text), start=1):
        if line.strip():
            assert covered[number] == line.replace("\0", "\\x00")
        else:
            assert covered.get(number, "").strip() == ""


@given(csv_text, st.integers(1, 4), st.sampled_from([",", ";", "\t", "|"]), st.booleans())
@example('a,"b\nc', 2, ",", False)
@example('a,"b\nx\n\ny,"', 2, ",", False)
@example('"\n"\n"\n', 1, ",", False)
@settings(max_examples=1000, deadline=None)
def test_every_line_is_in_exactly_one_record(text, width, delimiter, unquoted):
    reader = RecordReader(delimiter, None if unquoted else '"', width)
    check_that_no_line_is_lost(reader, text)


quoted_lines = st.lists(
    st.lists(st.sampled_from(['"', '""', ",", "a", "\n", "a,b,c\n"]), max_size=12).map("".join),
    max_size=12,
).map("\n".join)


@given(quoted_lines, st.integers(1, 4))
@settings(max_examples=1000, deadline=None)
def test_every_line_is_in_exactly_one_record_however_quotes_stand(text, width):
    check_that_no_line_is_lost(RecordReader(",", '"', width), text)


@given(quoted_lines, st.integers(1, 4))
@settings(max_examples=500, deadline=None)
def test_a_reader_that_was_told_there_is_no_nul_reads_the_same(text, width):
    def read(spotless: bool):
        reader = RecordReader(",", '"', width, spotless)
        return list(reader.read(iter(io.StringIO(text, newline="")), 1))

    assert read(True) == read(False)


@given(csv_text.filter(lambda text: "\n" not in text and "\r" not in text))
@settings(max_examples=1000, deadline=None)
def test_one_line_is_split_as_the_standard_library_does_when_strict(text):
    try:
        # Blanks before a quote are passed over, and so before other fields of such a record.
        reader = standard_csv.reader([text], strict=True, skipinitialspace='"' in text)
        expected = next(reader, [""])
    except standard_csv.Error:
        expected = None
    try:
        fields = split_record(text, ",", '"')
    except Malformed:
        fields = None
    assert fields == (expected or None if text else [""])


@given(
    st.lists(
        st.lists(
            st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
            min_size=4,
            max_size=4,
        ).filter(lambda fields: any("".join(fields).split())),
        max_size=8,
    )
)
@settings(max_examples=500, deadline=None)
def test_what_a_standard_writer_wrote_is_read_back_or_unreadable_but_never_different(records):
    out = io.StringIO(newline="")
    standard_csv.writer(out, quoting=standard_csv.QUOTE_ALL).writerows(records)
    read = list(RecordReader(",", '"', 4).read(iter(io.StringIO(out.getvalue(), newline="")), 1))
    good = [fields for _, _, fields, reason in read if reason is None]
    remaining = iter(records)
    assert all(any(fields == record for record in remaining) for fields in good)
    if all(field.isprintable() for record in records for field in record):
        assert good == records


@given(st.binary(max_size=400), st.booleans())
@settings(max_examples=500, deadline=None)
def test_any_bytes_at_all_are_refused_in_words_or_read(tmp_path_factory, content, with_header):
    path = tmp_path_factory.mktemp("any") / "entries.csv"
    path.write_bytes((HEADER.encode() + b"\n" if with_header else b"") + content)
    rows: list[tuple] = []
    sentence = str(path)
    try:
        rows = list(CsvSource(path, Mapping()).rows())
    except Refused as refused:
        sentence = str(refused)
    assert str(path) in sentence
    for row in rows:
        assert "\0" not in "".join(text for text in row[1:] if text)
        "".join(text for text in row[1:] if text).encode()


def _text_encodings() -> list[str]:
    names = []
    for name in sorted(set(aliases.values())):
        try:
            names.append(Mapping(encoding=name).encoding)
        except (ValueError, LookupError):
            continue
    return names


@pytest.mark.parametrize("encoding", _text_encodings())
def test_any_bytes_in_any_declared_encoding_are_refused_in_words_or_read(tmp_path, encoding):
    path = tmp_path / "entries.csv"
    noise = bytes(range(256)) + bytes(reversed(range(256))) + b"\n\xff\xfe\x00\xd8,\n" * 3
    header = f"{HEADER}\nd,c,1,PAY\n".encode(encoding)
    path.write_bytes(header + noise)
    try:
        rows = list(CsvSource(path, Mapping(encoding=encoding)).rows())
    except Refused:
        return
    assert rows
    for row in rows:
        "".join(text for text in row[1:] if text).encode()
    path.write_bytes(header)
    assert readable(CsvSource(path, Mapping(encoding=encoding)).rows()) == [(2, "1")]
