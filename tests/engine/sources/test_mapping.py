"""What a mapping file may say, what it then does, and what is refused."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.errors import Refused
from trueup.sources.csv import CsvSource
from trueup.sources.mapping import CANONICAL_NAMES, Mapping, load_mapping, merge_metadata

DOCS = Path(__file__).resolve().parents[3] / "docs" / "mapping.md"


@pytest.fixture
def load(tmp_path):
    def load_text(text: str | bytes) -> Mapping:
        path = tmp_path / "bank.yaml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return load_mapping(path)

    return load_text


def refusal(load, text) -> str:
    with pytest.raises(Refused) as refused:
        load(text)
    assert "bank.yaml" in str(refused.value)
    return str(refused.value)


def amount(text: str, **mapping) -> str:
    return Mapping(**mapping).converters()["amount"](text)


def moment(text: str, **mapping) -> str:
    return Mapping(**mapping).converters()["timestampUtc"](text)


# The file


def test_without_a_file_the_source_format_is_read_as_it_is(load):
    assert load_mapping(None) == Mapping()
    assert Mapping().converters() == {}
    assert load("") == load("# nothing yet\n") == Mapping()


def test_every_key_is_read(load):
    mapping = load(
        r"""
        encoding: cp1252
        delimiter: "\t"
        quote: "'"
        decimal_separator: ","
        thousands_separator: "."
        timestamp_formats: ["%d.%m.%Y %H:%M", "%d.%m.%Y"]
        timezone: Europe/Berlin
        columns: {amount: Betrag}
        constants: {currencyCode: EUR}
        defaults: {fxRate: 1.10}
        account_ids: {0123: bank, 4711: "a: b"}
        transaction_types: {NO: FEE}
        metadata: [Notiz, Beleg]
        """
    )
    assert mapping == Mapping(
        encoding="cp1252", delimiter="\t", quote="'", decimal_separator=",",
        thousands_separator=".", timestamp_formats=("%d.%m.%Y %H:%M", "%d.%m.%Y"),
        timezone="Europe/Berlin", columns={"amount": "Betrag"}, constants={"currencyCode": "EUR"},
        defaults={"fxRate": "1.10"}, account_ids={"0123": "bank", "4711": "a: b"},
        transaction_types={"NO": "FEE"}, metadata=("Notiz", "Beleg"),
    )  # fmt: skip


def test_values_are_the_text_that_was_written(load):
    mapping = load("constants: {ledgerId: 007, assetType: yes, referenceId: 2024-01-01}")
    assert mapping.constants == {"ledgerId": "007", "assetType": "yes", "referenceId": "2024-01-01"}


@pytest.mark.parametrize("written", ["tab", r"\t", r'"\t"', r"'\t'"])
def test_a_tab_can_be_written_in_every_way(load, written):
    assert load(f"delimiter: {written}").delimiter == "\t"


@pytest.mark.parametrize("written", ["none", "''", "null", ""])
def test_quotes_can_be_switched_off(load, written):
    assert load(f"quote: {written}").quote is None


def test_a_key_without_a_value_is_as_if_it_were_not_there(load):
    assert load("encoding:\ncolumns:\nthousands_separator: ~\n") == Mapping()


def test_a_mapping_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        Mapping().encoding = "cp1252"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colums: {amount: x}", "'colums' is not a key of a mapping; did you mean 'columns'?"),
        ("nonsense: 1", "Allowed are encoding, delimiter, quote"),
        ("columns: {ammount: x}", "'ammount' under 'columns' is not a field; did you mean"),
        ("columns: [amount]", "columns must be 'name: value' lines"),
        ("columns: {amount: [x]}", "columns.amount must be text"),
        ("columns: {amount: ''}", "columns.amount must not be empty"),
        ("columns: {amount: }", "columns.amount must be text"),
        (r'constants: {ledgerId: "a\0"}', "holds a character that the database cannot"),
        (r'account_ids: {"a": "\ud800"}', "holds a character that the database cannot"),
        ("timestamp_formats: '%d.%m.%Y'", "timestamp_formats must be a list"),
        ("timestamp_formats: ['%d.%m.']", "does not name day, month and year"),
        ("timestamp_formats: ['%d.%m.%Y %Z']", "%Z names a zone but does not read it; use %z"),
        ("timestamp_formats: ['%Q']", "'%Q' is not a strptime format"),
        ("timestamp_formats: ['%']", "is not a strptime format"),
        ("timezone: Mars/Olympus", "no IANA time zone, such as Europe/Berlin"),
        ("timezone: ../../etc/passwd", "no IANA time zone"),
        ("timezone: Europe", "no IANA time zone"),
        ("encoding: latin-99", "'latin-99' is no encoding that Python knows, such as utf-8"),
        ("encoding: rot13", "not an encoding for text files"),
        ("encoding: base64", "not an encoding for text files"),
        ("encoding: undefined", "not an encoding for text files"),
        ("encoding: unicode_escape", "not an encoding for text files"),
        ("delimiter: ',,'", "delimiter: ',,' is not one character"),
        ("delimiter: a", "delimiter: 'a' is not one character"),
        (r'delimiter: "\n"', "is not one character"),
        ('delimiter: "\'"\nquote: "\'"', "delimiter and quote are the same"),
        ("decimal_separator: ';'", "decimal_separator: allowed are '.' and ','"),
        ("thousands_separator: x", "thousands_separator: 'x' is not one of"),
        ("thousands_separator: .", "are the same character"),
        ("metadata: all", "metadata: allowed are none, unmapped or a list"),
        ("constants: {amount: 1}\ncolumns: {amount: x}", "amount has a constant, so it cannot"),
        ("constants: {amount: 1}\ndefaults: {amount: 2}", "amount has a constant, so it cannot"),
        ("encoding: utf-8\nencoding: cp1252", "'encoding' is written twice (line 2)"),
        ("account_ids: {1: a, 1: b}", "'1' is written twice"),
        ("columns: {amount: 'x", "is not YAML"),
        ("\t- x", "is not YAML"),
        ("just words", "must be a list of 'key: value' lines"),
        ("- a\n- b", "must be a list of 'key: value' lines"),
        ("constants: !!python/object/apply:os.system [ls]", "is not YAML"),
        ("constants: &a {amount: *a}", "constants.amount"),
        (b"encoding: \xff\xfe\x00", "is not YAML"),
        (b"\x00\x01\x02", "is not YAML"),
        ("[" * 5000, "is not YAML"),
        ("a: " * 3000, "is not YAML"),
        (b"#" * (2 << 20), "larger than 1 MiB"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_key_and_what_is_allowed(load, text, words):
    assert words in refusal(load, text)


def test_all_faults_of_a_mapping_are_told_at_once(load):
    sentence = refusal(load, "encoding: nope\ntimezone: nope\nfoo: 1\n")
    assert all(word in sentence for word in ("encoding:", "timezone:", "'foo'"))


def test_a_mapping_that_expands_without_end_is_refused(load):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for n in range(1, 40):
        lines.append(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]")
    assert "'a0' is not a key" in refusal(load, "\n".join([*lines, "metadata: *a39"]))


def test_a_mapping_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(Refused, match="cannot be read"):
        load_mapping(tmp_path / "none.yaml")
    with pytest.raises(Refused, match="cannot be read"):
        load_mapping(tmp_path)


# The fingerprint


def test_comments_order_and_spelled_out_defaults_do_not_change_the_fingerprint(load):
    plain = load("encoding: utf-8\ncolumns: {amount: a, fxRate: f}\n").fingerprint
    same = "# now with a comment\ncolumns:\n  fxRate: f\n  amount: 'a'\nencoding: UTF8\n"
    assert load(same + "quote: '\"'\ntimezone: UTC\n").fingerprint == plain
    assert len(plain) == 64


@pytest.mark.parametrize(
    "text",
    ["encoding: cp1252", "quote: none", "columns: {amount: b}", "metadata: unmapped",
     "metadata: [a]", "timestamp_formats: ['%Y%m%d']", "account_ids: {a: b}"],
)  # fmt: skip
def test_whatever_changes_rows_changes_the_fingerprint(load, text):
    assert load(text).fingerprint != Mapping().fingerprint


def test_the_order_of_formats_is_part_of_the_fingerprint(load):
    first = load("timestamp_formats: ['%d/%m/%Y', '%m/%d/%Y']").fingerprint
    assert load("timestamp_formats: ['%m/%d/%Y', '%d/%m/%Y']").fingerprint != first


# Amounts


@pytest.mark.parametrize(
    ("decimal", "thousands", "text", "plain"),
    [
        (",", ".", "1.234,56", "1234.56"),
        (",", ".", "1.234.567,8", "1234567.8"),
        (",", ".", "1234,56", "1234.56"),
        (",", ".", "1.234", "1234"),
        (",", ".", "12", "12"),
        (",", ".", "-0,5", "-0.5"),
        (",", ".", "+1,50", "+1.50"),
        (",", None, "1234,56", "1234.56"),
        (".", ",", "1,234.56", "1234.56"),
        (".", ",", "1234.56", "1234.56"),
        (".", "'", "1’234.50", "1234.50"),
        (".", "_", "1_234", "1234"),
        (",", " ", "1 234 567,89", "1234567.89"),
        (",", " ", "1\u202f234,5", "1234.5"),
        (",", " ", "1\u00a0234,5", "1234.5"),
        (",", ".", "99.999.999.999.999.999.999.999,123456789", "99999999999999999999999.123456789"),
    ],
)
def test_declared_separators_become_a_plain_decimal(decimal, thousands, text, plain):
    assert amount(text, decimal_separator=decimal, thousands_separator=thousands) == plain


@pytest.mark.parametrize(
    ("decimal", "thousands", "text"),
    [
        (".", ",", "1,23.4"), (".", ",", "12,34"), (".", ",", "1,2345"), (".", ",", ",123"),
        (".", ",", "1,234,"), (".", ",", "1234,567"), (".", ",", "1e3"), (".", ",", "NaN"),
        (",", ".", "1.23,4"), (",", ".", "1,234.56"), (",", ".", "1,2,3"), (",", ".", ",5"),
        (",", ".", "1,"), (",", ".", "1.234,56-"), (",", ".", "EUR 5"), (",", ".", "١,٢"),
        (",", " ", "1 23,4"), (",", " ", "1  234"), (",", ".", ""),
    ],
)  # fmt: skip
def test_wrong_grouping_is_left_as_it_was(decimal, thousands, text):
    assert amount(text, decimal_separator=decimal, thousands_separator=thousands) == text


@pytest.mark.parametrize(
    ("thousands", "text"), [(".", "12.34"), (".", "1234.567"), (None, "1.234")]
)
def test_a_point_that_the_mapping_does_not_allow_is_no_decimal_point(thousands, text):
    left = amount(text, decimal_separator=",", thousands_separator=thousands)
    assert left == f"{text} (not written with decimal ,)"
    assert not re.fullmatch(r"[0-9.]+", left)


@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=4), st.sampled_from([".", ",", " "])
)
def test_a_decimal_written_with_groups_is_the_same_decimal(number, thousands):
    decimal = "." if thousands == "," else ","
    written = f"{number:,f}".translate(str.maketrans({",": thousands, ".": decimal}))
    plain = amount(written, decimal_separator=decimal, thousands_separator=thousands)
    assert Decimal(plain) == number


def test_rates_are_converted_as_amounts_are():
    assert Mapping(decimal_separator=",").converters()["fxRate"]("1,0825") == "1.0825"


# Times


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("05.03.2024", "2024-03-05T00:00:00Z"),
        ("5.3.2024 14:05", "2024-03-05T14:05:00Z"),
        ("2024-03-05T14:05:00+0200", "2024-03-05T12:05:00Z"),
        ("29.02.2024", "2024-02-29T00:00:00Z"),
        ("29.02.2023", "29.02.2023"),
        ("31.04.2024", "31.04.2024"),
        ("2024-03-05", "2024-03-05"),
        ("soon", "soon"),
    ],
)
def test_a_time_of_a_declared_format_becomes_utc_and_others_stay(text, utc):
    formats = ("%d.%m.%Y", "%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%S%z")
    assert moment(text, timestamp_formats=formats) == utc


def test_the_first_format_that_matches_is_meant():
    assert moment("01/02/2024", timestamp_formats=("%d/%m/%Y", "%m/%d/%Y")).startswith("2024-02-01")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("05.03.2024 14:05", "2024-03-05T13:05:00Z"),
        ("05.07.2024 14:05", "2024-07-05T12:05:00Z"),
        ("2024-07-05 14:05", "2024-07-05T12:05:00Z"),
        ("2024-07-05T14:05:06.5", "2024-07-05T12:05:06.500000Z"),
        ("2024-07-05T14:05Z", "2024-07-05T14:05Z"),
        ("2024-07-05T14:05+05:00", "2024-07-05T14:05+05:00"),
        ("2024-02-30 14:05", "2024-02-30 14:05"),
        ("27.10.2024 02:30", "2024-10-27T00:30:00Z"),
    ],
)
def test_a_naive_time_is_of_the_declared_zone(text, utc):
    mapping = {"timestamp_formats": ("%d.%m.%Y %H:%M",), "timezone": "Europe/Berlin"}
    assert moment(text, **mapping) == utc


@pytest.mark.parametrize("text", ["31.03.2024 02:30", "2024-03-31T02:30:00"])
def test_an_hour_that_the_clocks_skipped_is_not_taken_for_a_time(text):
    mapping = {"timestamp_formats": ("%d.%m.%Y %H:%M",), "timezone": "Europe/Berlin"}
    assert moment(text, **mapping) == f"{text} (no such time in Europe/Berlin)"


@pytest.mark.parametrize("text", ["0001-01-01 00:00", "9999-12-31 23:59"])
def test_a_time_at_the_end_of_the_calendar_is_left_as_it_was(text):
    zone = "Europe/Berlin" if text.startswith("0") else "America/New_York"
    assert moment(text, timestamp_formats=("%Y-%m-%d %H:%M",), timezone=zone) == text


# Metadata


@pytest.mark.parametrize(
    ("own", "merged"),
    [
        (None, '{"note": "ä", "page": "7"}'),
        ("{}", '{"note": "ä", "page": "7"}'),
        (' { "fee" : 1.10 } ', ' { "fee" : 1.10, "note": "ä", "page": "7"}'),
        ('{"note":"own"}', '{"note":"own", "page": "7"}'),
        ('{"note":1,"page":2}', '{"note":1,"page":2}'),
        ('{"big": 123456789012345678901234567890.10}',
         '{"big": 123456789012345678901234567890.10, "note": "ä", "page": "7"}'),
        ("[1]", "[1]"),
        ("not json", "not json"),
        ('{"a": NaN}', '{"a": NaN}'),
        ('{"a": 1,}', '{"a": 1,}'),
        ("[" * 100_000, "[" * 100_000),
    ],
)  # fmt: skip
def test_gathered_columns_are_added_and_the_objects_own_text_is_kept(own, merged):
    assert merge_metadata(own, {"note": "ä", "page": "7"}) == merged


def test_nothing_gathered_leaves_no_metadata():
    assert merge_metadata(None, {}) is None


# The page that explains it


def test_the_worked_example_of_the_docs_is_true(tmp_path):
    blocks = re.findall(r"```(\w+)\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    examples = dict(blocks[:2])
    (tmp_path / "umsaetze.csv").write_text(examples["csv"], encoding="cp1252", newline="\r\n")
    (tmp_path / "bank.yaml").write_text(examples["yaml"], encoding="utf-8")
    source = CsvSource(tmp_path / "umsaetze.csv", load_mapping(tmp_path / "bank.yaml"))
    table = [
        [cell.strip().strip("`") or None for cell in line.strip("|").split("|")]
        for line in DOCS.read_text(encoding="utf-8")
        .split("becomes\n")[1]
        .split("##")[0]
        .splitlines()
        if line.startswith("|")
    ]
    names, _, *expected = table
    rows = [list(row[4:]) for row in source.rows()]
    shown = [CANONICAL_NAMES.index(name) for name in names]
    assert [[row[column] for column in shown] for row in rows] == expected


def test_the_docs_explain_every_key():
    text = DOCS.read_text(encoding="utf-8")
    assert [key for key in Mapping.model_fields if f"`{key}`" not in text] == []
