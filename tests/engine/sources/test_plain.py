"""Plain rows: DuckDB takes only what the careful lane reads the same, and nothing is lost."""

import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from trueup.sources import blocks, careful, plain
from trueup.sources.csv import CsvSource
from trueup.sources.mapping import CANONICAL_NAMES, Mapping

HEADER = ",".join(CANONICAL_NAMES)
ACCOUNTS = "alice,USD\nbob,USD\nworld,EUR\n"
GOOD = 'MASTER,alice,bob,1.00,USD,fiat,TRANSFER,ref-{n},2020-01-01T00:00:00Z,,"{{""a"": {n}}}"'


def read(path: Path, mapping: Mapping | None = None) -> tuple[dict[int, tuple], set[int]]:
    """Plain rows by line, as the ledger's fields; and the lines of which others must judge."""
    source = CsvSource(path, mapping or Mapping())
    rows: dict[int, tuple] = {}
    others: set[int] = set()
    with plain.reading(source, "ledger", ledger_id="MASTER", prefix="BACKFILL-") as reader:
        reader.load_known(
            lambda table, file: file.write_text(
                "USD,2\nEUR,2\nJPY,0\n" if table == "currencies" else ACCOUNTS
            )
        )
        for judged in reader.blocks("select_prepared", run_id="run"):
            if judged.rows is None:
                others |= set(range(judged.block.first_key, judged.block.last_key + 1))
                continue
            assert judged.file is not None
            for line in judged.file.read_text().split("\n")[:-1]:
                _, key, *fields = line.split("\t")
                rows[int(key)] = tuple(None if field == "\\N" else field for field in fields)
            assert len(rows.keys() - others) >= judged.rows
            others |= set(judged.doubtful)
        repeated = set(reader.repeated())
    return rows, others | repeated


def carefully(path: Path, mapping: Mapping | None = None) -> dict[int, tuple]:
    """Every readable record by its first line, with the constant defaults filled in."""
    return {
        position: (
            fields[0] or "MASTER", *fields[1:4], fields[4] or "USD", fields[5] or "fiat",
            *fields[6:],
        )
        for position, code, _, _, *fields in CsvSource(path, mapping or Mapping()).rows()
        if code is None
    }  # fmt: skip


def write(folder: Path, *lines: str, end: str = "\n") -> Path:
    path = folder / "entries.csv"
    path.write_bytes("".join(line + end for line in (HEADER, *lines)).encode())
    return path


def test_good_rows_are_plain_and_say_what_the_careful_lane_says(tmp_path):
    path = write(tmp_path, *(GOOD.format(n=n) for n in range(5)))
    rows, others = read(path)
    assert others == set()
    assert rows == carefully(path)
    assert list(rows) == [2, 3, 4, 5, 6]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_are_those_of_the_file(tmp_path, end):
    path = write(tmp_path, *(GOOD.format(n=n) for n in range(3)), end=end)
    rows, others = read(path)
    assert (rows, others) == (carefully(path), set())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("debitAccountId", ""),
        ("debitAccountId", "nobody"),
        ("debitAccountId", "world"),  # kept in another currency
        ("debitAccountId", "bob"),  # the credit account
        ("debitAccountId", "al\\ice"),
        ("amount", "0.00"),
        ("amount", "-1"),
        ("amount", "1e3"),
        ("amount", "1.001"),
        ("amount", "NaN"),
        ("amount", "1234567890123456789"),
        ("amount", "１"),
        ("currencyCode", "usd"),
        ("currencyCode", "DEM"),
        ("assetType", "Fiat"),
        ("transactionType", ""),
        ("referenceId", ""),
        ("referenceId", "BACKFILL-1"),
        ("referenceId", "x" * 256),
        ("referenceId", "\xa0ref"),
        ("timestampUtc", ""),
        ("timestampUtc", "2020-02-30T00:00:00Z"),
        ("timestampUtc", "2020-01-01"),
        ("timestampUtc", "0000-01-01T00:00:00Z"),
        ("timestampUtc", "tomorrow"),
        ("timestampUtc", "2020-01-01T00:00:00.1234567Z"),
        ("fxRate", "0"),
        ("fxRate", "x"),
        ("metadata", "[1]"),
        ("metadata", '"{""a"": 1,}"'),
        ("metadata", '"{""a"": NaN}"'),
        ("metadata", '"{""a"": ""\\u0000""}"'),
        ("metadata", '"{""a"": 1e1000}"'),
        ("metadata", '"{""a"":\t1}"'),
        ("metadata", "{"),
    ],
)
def test_whatever_a_rule_might_doubt_is_left_to_the_others(tmp_path, field, value):
    fields = GOOD.format(n=1).split(",", 10)
    fields[CANONICAL_NAMES.index(field)] = value
    rows, others = read(write(tmp_path, GOOD.format(n=0), ",".join(fields), GOOD.format(n=2)))
    assert (set(rows), others) == ({2, 4}, {3})


def test_rows_that_share_a_key_are_not_plain(tmp_path):
    lines = [GOOD.format(n=1), GOOD.format(n=2), GOOD.format(n=1)]
    _, others = read(write(tmp_path, *lines))
    assert others == {2, 4}


def test_a_plain_row_does_not_share_its_key_with_one_that_is_judged_elsewhere(tmp_path):
    path = write(tmp_path, GOOD.format(n=1), GOOD.format(n=2))
    with plain.reading(
        CsvSource(path, Mapping()), "ledger", ledger_id="MASTER", prefix="BACKFILL-"
    ) as reader:
        reader.load_known(
            lambda table, file: file.write_text("USD,2\n" if table == "currencies" else ACCOUNTS)
        )
        assert [judged.rows for judged in reader.blocks(None)] == [2]
        reader.add_keys(lambda file: file.write_text("9,,ref-2\n10,OTHER,ref-1\n"))
        assert reader.repeated() == [3]


@pytest.mark.parametrize(
    "bad",
    [
        'MASTER,alice,bob,"1.00,USD,fiat,TRANSFER,open,2020-01-01T00:00:00Z,,',
        "too,few",
        "",
        'MASTER,"alice" ,bob,1.00,USD,fiat,TRANSFER,blank,2020-01-01T00:00:00Z,,',
        'MASTER,alice,bob,1.00,USD,fiat,"TRANS\nFER",two,2020-01-01T00:00:00Z,,',
    ],
)
def test_a_line_that_is_no_record_costs_its_block_the_speed_and_nothing_else(
    tmp_path, monkeypatch, bad
):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 200)
    lines = [GOOD.format(n=n) for n in range(6)]
    path = write(tmp_path, *lines[:3], bad, *lines[3:])
    rows, others = read(path)
    expected = carefully(path)
    assert rows.items() <= expected.items()
    assert others >= expected.keys() - rows.keys()
    assert rows


def test_irregular_blocks_read_by_themselves_give_the_records_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 150)
    lines = [GOOD.format(n=n) for n in range(8)]
    lines[3] = lines[3].replace("TRANSFER", '"TRANS\nFER"')
    lines[5] = lines[5].replace("alice", '"alice')
    path = write(tmp_path, *lines)
    source = CsvSource(path, Mapping())
    cut = list(blocks.cut(path, source.header_lines))
    assert len(cut) > 3
    whole = list(source.rows())
    assert list(careful.read_blocks(source, cut, None)) == whole
    some = list(careful.read_blocks(source, cut[:2], cut[2]))
    assert [row[0] for row in some] == [row[0] for row in whole if row[0] < cut[2].first_key]


def test_single_lines_are_read_as_they_stand_in_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 150)
    path = write(tmp_path, *(GOOD.format(n=n) for n in range(8)))
    source = CsvSource(path, Mapping())
    among = list(blocks.cut(path, source.header_lines))
    whole = {row[0]: row for row in source.rows()}
    assert list(careful.read_lines(source, among, [2, 5, 9])) == [whole[2], whole[5], whole[9]]


@given(st.text("ab\n", max_size=60), st.integers(1, 20), st.integers(0, 3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_line_is_in_exactly_one_block(tmp_path, monkeypatch, text, size, skipped):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", size)
    path = tmp_path / "text"
    path.write_text(text, encoding="utf-8", newline="")
    cut = list(blocks.cut(path, skipped))
    joined = b"".join(block.read(path) for block in cut).decode()
    assert joined == "".join(text.splitlines(keepends=True)[skipped:])
    assert [key for b in cut for key in range(b.first_key, b.last_key + 1)] == list(
        range(skipped + 1, len(text.splitlines()) + 1)
    )


def test_defaults_constants_and_columns_of_a_mapping_are_heeded(tmp_path):
    path = tmp_path / "mapped.csv"
    path.write_text("from;to;value;no;when\nalice;bob;1.00;r-1;2020-01-01T00:00:00Z\n")
    mapping = Mapping.model_validate(
        {
            "columns": {
                "debitAccountId": "from", "creditAccountId": "to", "amount": "value",
                "referenceId": "no", "timestampUtc": "when",
            },
            "constants": {"transactionType": "PAY'MENT"},
            "defaults": {"assetType": "cbdc"},
        }
    )  # fmt: skip
    rows, others = read(path, mapping)
    assert others == set()
    assert rows == carefully(path, mapping)
    assert rows[2][5:7] == ("cbdc", "PAY'MENT")


@pytest.mark.parametrize("content", [
    "{header}\r{row}\r{row}\r",
    "{header}\r{row}\n{row}\n",
    "\r\n\r{header}\n{row}\n{row}\n",
    '{header},"Note\rof the bank"\n{row},\n{row},\n',
])  # fmt: skip
def test_a_header_with_a_cr_of_its_own_is_left_to_the_careful_lane(tmp_path, content):
    path = tmp_path / "entries.csv"
    rows = content.format(header=HEADER, row=GOOD.format(n=1))
    path.write_text(rows, newline="")
    source = CsvSource(path, Mapping())
    assert not plain.can_read(source)
    assert len(list(source.rows())) == 2
    path.write_text(rows.replace("\r\n", "\r").replace("\r", "\r\n"), newline="")
    assert plain.can_read(CsvSource(path, Mapping()))


def test_a_quote_that_may_be_part_of_a_value_is_left_to_the_careful_lane(tmp_path):
    path = write(tmp_path, GOOD.format(n=1))
    assert [
        plain.can_read(CsvSource(path, Mapping.model_validate({"quote": quote})))
        for quote in ('"', "'", "none", "-", ":", ".", " ")
    ] == [True, True, True, False, False, False, False]


@pytest.mark.parametrize(
    "mapping",
    [{"decimal_separator": ","}, {"timezone": "Europe/Berlin"}, {"account_ids": {"a": "b"}}],
)
def test_what_is_converted_in_python_is_not_read_by_duckdb(tmp_path, mapping):
    path = write(tmp_path, GOOD.format(n=1))
    assert plain.can_read(CsvSource(path, Mapping()))
    assert not plain.can_read(CsvSource(path, Mapping.model_validate(mapping)))


NASTY = st.text(
    st.sampled_from([*string.ascii_lowercase[:3], *'",\\\n\r\t {}[]:1.é\xa0\u2028', "'"]),
    max_size=8,
)
FIELD = st.one_of(st.sampled_from(["", "alice", "bob", "1.00", "USD", "fiat", "T", "r-1"]), NASTY)
QUOTED = FIELD.map(lambda text: '"' + text.replace('"', '""') + '"')
BLANKS = st.sampled_from(["", " ", "  "])
SPACED = st.tuples(BLANKS, QUOTED, BLANKS).map("".join)
TIME = st.sampled_from(["2020-01-01T00:00:00Z", "2020-01-01", "2020-13-01T00:00:00Z", ""])
LINE = st.one_of(
    st.integers(0, 99).map(lambda n: GOOD.format(n=n)),
    st.builds(
        lambda fields, time, rest: ",".join([*fields, time, "", rest]),
        st.lists(st.one_of(FIELD, QUOTED, SPACED), min_size=8, max_size=8), TIME,
        st.one_of(QUOTED, NASTY),
    ),
    st.builds(
        lambda ref, rest: f"MASTER,alice,bob,1.00,USD,fiat,T,{ref},2020-01-01T00:00:00Z,,{rest}",
        st.one_of(FIELD, QUOTED, SPACED), st.one_of(QUOTED, SPACED, NASTY),
    ),
    NASTY,
)  # fmt: skip
# Lines that are written for the one quote, and are read with the other, or with none.
SWAPPED = str.maketrans("\"'", "'\"")
ANY_LINE = st.one_of(LINE, LINE.map(lambda line: line.translate(SWAPPED)))
START, TIMED = "MASTER,alice,bob,1.00,USD,fiat,T", "2020-01-01T00:00:00Z,"


@given(st.lists(ANY_LINE, min_size=1, max_size=8), st.sampled_from(['"', "'", "none"]))
@example([f'{START}, "r-1",{TIMED},'], '"')
@example([f'{START},"r-1" ,{TIMED},'], '"')
@example([f"{START},'r-1' ,{TIMED},"], "'")
@example([f"{START},r''1,{TIMED},"], "'")
@example([f"{START},r-1,{TIMED},'{{\"a\": \"it''s\"}}'"], "'")
@example([f'{START},r-1,{TIMED},{{"a": "it\'\'s"}}'], "'")
@example([f'{START},"r-1" ,{TIMED},{{"a": 1}}'], "none")
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_text_whatever_is_plain_and_read_otherwise_by_the_careful_lane(
    tmp_path, monkeypatch, lines, quote
):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 300)
    mapping = Mapping.model_validate({"quote": quote})
    path = write(tmp_path, *lines)
    rows, others = read(path, mapping)
    expected = carefully(path, mapping)
    for key, fields in rows.items():
        assert expected[key] == fields
    readable = {row[0] for row in CsvSource(path, mapping).rows()}
    assert readable <= rows.keys() | others
