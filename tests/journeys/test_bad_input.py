"""One delivery with everything that goes wrong: each bad row lies in quarantine, the rest loads.

All rows stand in one file, so that none of them spoils another. `BAD` and `GOOD` are the rows.
"""

import pytest

from runs import Books, entry
from trueup import opening
from trueup.errors import Refused
from trueup.sources.mapping import CANONICAL_NAMES

SQL = "Robert'); DROP TABLE ledger_entries;--"
HTML = '<script>alert("1")</script>'
PERCENT = "100%s %(run_id)s %%"


def pay(amount: str = "1.00", **fields):
    return entry("alice", "world", amount, **fields)


def yen(amount: str, **fields):
    return entry("akira", "japan", amount, currencyCode="JPY", **fields)


def dinar(amount: str, **fields):
    return entry("basma", "bahrain", amount, currencyCode="BHD", **fields)


def mark(timestamp: str | None, **fields):
    return entry("hans", "bank", "5.00", currencyCode="DEM", timestampUtc=timestamp, **fields)


# name: (row, reason code, a piece of the sentence)
BAD = {
    "empty debit account": (pay(debitAccountId=""), "missing_field", "Empty: debitAccountId."),
    "empty in four places": (
        pay("", debitAccountId="", creditAccountId="", transactionType=""),
        "missing_field",
        "Empty: debitAccountId, creditAccountId, amount, transactionType.",
    ),
    "blank account": (pay(creditAccountId="   "), "missing_field", "creditAccountId"),
    "300-character reference": (pay(referenceId="r" * 300), "field_too_long", "255"),
    "300-character account": (pay(debitAccountId="a" * 300), "field_too_long", "255"),
    "negative amount": (pay("-5.00"), "invalid_amount", '"-5.00"'),
    "zero": (pay("0"), "invalid_amount", '"0" is not'),
    "zero with decimals": (pay("0.00"), "invalid_amount", '"0.00"'),
    "1e3": (pay("1e3"), "invalid_amount", '"1e3"'),
    "thousands separator": (pay("1,234.56"), "invalid_amount", '"1,234.56"'),
    "decimal comma": (pay("1234,56"), "invalid_amount", '"1234,56"'),
    "NaN": (pay("NaN"), "invalid_amount", '"NaN"'),
    "Infinity": (pay("Infinity"), "invalid_amount", '"Infinity"'),
    "plus sign": (pay("+5.00"), "invalid_amount", '"+5.00"'),
    "no digit before the point": (pay(".50"), "invalid_amount", '".50"'),
    "no digit after the point": (pay("5."), "invalid_amount", '"5."'),
    "two points": (pay("1.2.3"), "invalid_amount", '"1.2.3"'),
    "hexadecimal": (pay("0x10"), "invalid_amount", '"0x10"'),
    "underscore": (pay("1_000"), "invalid_amount", '"1_000"'),
    "currency sign": (pay("$5.00"), "invalid_amount", '"$5.00"'),
    "Arabic digits": (pay("١٢"), "invalid_amount", '"١٢"'),
    "full-width digits": (pay("５.００"), "invalid_amount", '"５.００"'),
    "31 digits": (pay("1" * 31), "invalid_amount", "1111"),
    "SQL as amount": (pay("1; DROP TABLE runs"), "invalid_amount", "DROP TABLE runs"),
    "a placeholder as amount": (pay(PERCENT), "invalid_amount", f'"{PERCENT}"'),
    "three decimals of a dollar": (
        pay("1.005"),
        "excess_precision",
        "1.005 has more decimals than USD has (2); nothing is rounded.",
    ),
    "yen with cents": (yen("100.50"), "excess_precision", "than JPY has (0)"),
    "dinar with four decimals": (dinar("1.0005"), "excess_precision", "than BHD has (3)"),
    "gold with nine decimals": (
        entry("vault", "mine", "0.123456789", currencyCode="XAU"),
        "excess_precision",
        "(8)",
    ),
    "unknown currency": (pay(currencyCode="XYZ"), "unknown_currency", '"XYZ" is not an ISO 4217'),
    "currency as SQL": (pay(currencyCode=SQL), "unknown_currency", "DROP TABLE"),
    "currency after its withdrawal": (
        mark("2020-01-01"),
        "unknown_currency",
        '"DEM" was withdrawn on 2002-03-31, before this entry.',
    ),
    "withdrawn currency without a time": (mark(None), "unknown_currency", "was withdrawn"),
    "account in another currency": (
        entry("alice", "japan", "5", currencyCode="USD"),
        "currency_mismatch",
        "The entry is in USD, but alice is kept in USD and japan is kept in JPY.",
    ),
    "unknown debit account": (
        pay(debitAccountId="nobody"),
        "unknown_account",
        "Not in the ledger and not among the accounts to create: nobody.",
    ),
    "two unknown accounts": (entry("nobody", "no one"), "unknown_account", "nobody, no one"),
    "account in another case": (pay(debitAccountId="Alice"), "unknown_account", "Alice"),
    "HTML as account": (pay(debitAccountId=HTML * 2), "unknown_account", HTML * 2),
    "a placeholder as account": (pay(debitAccountId=PERCENT), "unknown_account", PERCENT),
    "both sides one account": (
        pay(creditAccountId="alice"),
        "same_account",
        "Debit and credit are both alice.",
    ),
    "a date that does not exist": (
        pay(timestampUtc="2023-02-29T00:00:00Z"),
        "invalid_timestamp",
        '"2023-02-29T00:00:00Z" is not an ISO 8601 time that exists',
    ),
    "month 13": (pay(timestampUtc="2020-13-01"), "invalid_timestamp", "2020-13-01"),
    "25 o'clock": (pay(timestampUtc="2020-01-01T25:00:00Z"), "invalid_timestamp", "T25:00"),
    "German date": (pay(timestampUtc="31.12.2019"), "invalid_timestamp", "31.12.2019"),
    "date of two meanings": (pay(timestampUtc="01/02/2020"), "invalid_timestamp", "01/02/2020"),
    "tomorrow": (pay(timestampUtc="tomorrow"), "invalid_timestamp", "tomorrow"),
    "infinity as time": (pay(timestampUtc="infinity"), "invalid_timestamp", "infinity"),
    "unix time": (pay(timestampUtc="1577836800"), "invalid_timestamp", "1577836800"),
    "before Christ": (pay(timestampUtc="2020-01-01 BC"), "invalid_timestamp", "BC"),
    "year zero": (pay(timestampUtc="0000-01-01"), "invalid_timestamp", "0000"),
    "an offset out of range": (
        pay(timestampUtc="2020-01-01T00:00:00+99:00"),
        "invalid_timestamp",
        "+99:00",
    ),
    "unknown asset type": (pay(assetType="gold"), "invalid_asset_type", '"gold" is none of fiat'),
    "zero as rate": (pay(fxRate="0"), "invalid_fx_rate", '"0" is not a plain decimal rate'),
    "1e5 as rate": (pay(fxRate="1e5"), "invalid_fx_rate", '"1e5"'),
    "negative rate": (pay(fxRate="-1.5"), "invalid_fx_rate", '"-1.5"'),
    "metadata that is not JSON": (pay(metadata="{not json}"), "invalid_metadata", "JSON object"),
    "metadata that is cut off": (pay(metadata='{"a": '), "invalid_metadata", "JSON object"),
    "metadata that is an array": (pay(metadata="[1, 2]"), "invalid_metadata", "JSON object"),
    "metadata that is a number": (pay(metadata="42"), "invalid_metadata", "JSON object"),
    "metadata that is null": (pay(metadata="null"), "invalid_metadata", "JSON object"),
    "metadata nested too deep": (
        pay(metadata='{"a":' * 5000 + "1" + "}" * 5000),
        "invalid_metadata",
        "JSON object",
    ),
    "arrays nested too deep": (
        pay(metadata='{"a":' + "[" * 20000 + "]" * 20000 + "}"),
        "invalid_metadata",
        "JSON object",
    ),
    "a NUL in JSON": (pay(metadata='{"a": "\\u0000"}'), "invalid_metadata", "JSON object"),
    "half a surrogate pair in JSON": (
        pay(metadata='{"a": "\\ud800"}'),
        "invalid_metadata",
        "JSON object",
    ),
    "a number too huge for PostgreSQL": (
        pay(metadata='{"a": 1e999999}'),
        "invalid_metadata",
        "JSON object",
    ),
    "SQL as metadata": (pay(metadata=SQL), "invalid_metadata", "JSON object"),
    "one reference, two contents (first)": (
        pay("7.00", referenceId="disputed"),
        "conflicting_duplicate",
        "Reference disputed stands in this source for different contents.",
    ),
    "one reference, two contents (second)": (
        pay("8.00", referenceId="disputed"),
        "conflicting_duplicate",
        "disputed",
    ),
    "a posted reference with another content": (
        pay("9.00", referenceId="live-1"),
        "conflicting_duplicate",
        "Reference live-1 was posted with another content.",
    ),
    "a percent sign in a disputed reference (first)": (
        pay("7.00", referenceId=PERCENT),
        "conflicting_duplicate",
        PERCENT,
    ),
    "a percent sign in a disputed reference (second)": (
        pay("8.00", referenceId=PERCENT),
        "conflicting_duplicate",
        PERCENT,
    ),
}

# name: (row, what the ledger must hold of it)
GOOD = {
    "nineteen digits": (pay("12345678901234567.89"), {"amount": "12345678901234567.89"}),
    "thirty digits": (pay("9" * 30), {"amount": "9" * 30}),
    "leading zeros": (pay("007.50"), {"amount": "7.5"}),
    "trailing zeros beyond the cent": (pay("5.500000"), {"amount": "5.5"}),
    "whole yen": (yen("1000"), {"amount": "1000"}),
    "yen with empty decimals": (yen("1000.00"), {"amount": "1000"}),
    "dinar with three decimals": (dinar("1.234"), {"amount": "1.234"}),
    "gold with eight decimals": (
        entry("vault", "mine", "0.12345678", currencyCode="XAU"),
        {"amount": "0.12345678"},
    ),
    "mark before its withdrawal": (mark("1999-12-31T23:59:59Z"), {"currency_code": "DEM"}),
    "mark on its last day": (mark("2002-03-31T23:59:59Z"), {"currency_code": "DEM"}),
    "currency in lower case": (pay(currencyCode="usd"), {"currency_code": "USD"}),
    "currency by default": (pay(currencyCode=""), {"currency_code": "USD"}),
    "ledger by default": (pay(ledgerId=""), {"ledger_id": "MASTER"}),
    "asset type by default": (pay(assetType=""), {"asset_type": "fiat"}),
    "asset type in capitals": (pay(assetType="CBDC"), {"asset_type": "cbdc"}),
    "a time with an offset": (
        pay(timestampUtc="2020-01-01T00:30:00+05:30"),
        {"timestamp_utc": "2019-12-31 19:00:00+00"},
    ),
    "a time with a western offset": (
        pay(timestampUtc="2025-01-15 23:30:00-05"),
        {"timestamp_utc": "2025-01-16 04:30:00+00"},
    ),
    "a date alone": (pay(timestampUtc="2020-02-29"), {"timestamp_utc": "2020-02-29 00:00:00+00"}),
    "a fraction of a second": (
        pay(timestampUtc="2020-01-01T00:00:00.123456Z"),
        {"timestamp_utc": "2020-01-01 00:00:00.123456+00"},
    ),
    "a rate": (pay(fxRate="1.08345678901234567890"), {"fx_rate": "1.0834567890123456789"}),
    "SQL in every text": (
        pay(transactionType=SQL, referenceId=SQL, ledgerId=SQL, metadata='{"x": "' + SQL + '"}'),
        {"transaction_type": SQL, "reference_id": SQL, "ledger_id": SQL},
    ),
    "HTML in every text": (
        pay(transactionType=HTML, referenceId=HTML, ledgerId=HTML),
        {"transaction_type": HTML, "reference_id": HTML, "ledger_id": HTML},
    ),
    "a formula": (pay(transactionType="=1+1", referenceId="=cmd|x"), {"transaction_type": "=1+1"}),
    "placeholders": (
        pay(transactionType=PERCENT, ledgerId=PERCENT),
        {"transaction_type": PERCENT, "ledger_id": PERCENT},
    ),
    "an account that is HTML": (entry(HTML, SQL), {"debit_account_id": HTML}),
    "other alphabets": (
        pay(transactionType="перевод 送金 🪙"),
        {"transaction_type": "перевод 送金 🪙"},
    ),
    "255 characters": (pay(referenceId="é" * 255), {"reference_id": "é" * 255}),
    "an empty object": (pay(metadata="{}"), {"metadata": "{}"}),
    "a deep object": (
        pay(metadata='{"a":' * 500 + "1" + "}" * 500),
        {"transaction_type": "TRANSFER"},
    ),
    "a number beyond floats in JSON": (
        pay(metadata='{"n": 12345678901234567890.123456789}'),
        {"metadata": '{"n": 12345678901234567890.123456789}'},
    ),
    "a line feed in a field": (
        pay(transactionType="two\nlines"),
        {"transaction_type": "two\nlines"},
    ),
}


def write_delivery(books: Books) -> dict[str, int]:
    """Write all rows into one file and give the number of each row's first line."""
    lines: dict[str, int] = {}
    number = 2
    rows = [(name, row[0]) for name, row in [*BAD.items(), *GOOD.items()]]
    for name, fields in rows:
        lines[name] = number
        number += 1 + sum(str(value).count("\n") for value in fields.values())
    books.write_entries(fields for _, fields in rows)
    return lines


@pytest.fixture(scope="module")
def delivery(server, migrated, tmp_path_factory):
    """The books after the delivery, its run, and the line of each row."""
    folder = tmp_path_factory.mktemp("inbox")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRUEUP_SOURCE_ROOTS", str(folder))
        patch.setattr(opening, "GRACE_SECONDS", 0.0)
        books = Books(server.create(migrated), folder)
        books.open_world("alice")
        for account, currency in (
            ("akira", "JPY"), ("japan", "JPY"), ("basma", "BHD"), ("bahrain", "BHD"),
            ("hans", "DEM"), ("bank", "DEM"), ("vault", "XAU"), ("mine", "XAU"),
            (HTML, "USD"), (SQL, "USD"),
        ):  # fmt: skip
            books.open_account(account, currency=currency, overdraft=True)
        books.post_live("alice", "world", "1.00", "live-1")
        lines = write_delivery(books)
        run = books.backfill("entries.csv", max_quarantined="100 %", batch_size=7)
        yield books, run, lines
    server.drop(books.database)


def test_the_run_is_completed_and_every_row_is_accounted_for(delivery):
    books, run, _ = delivery
    assert run.status == "completed", run.message
    assert run.total_read == len(BAD) + len(GOOD)
    assert (run.total_posted, run.total_replayed) == (len(GOOD), 0)
    assert run.total_quarantined == len(BAD)
    assert books.disagreements() == []


@pytest.mark.parametrize("name", BAD)
def test_it_lies_in_quarantine_with_its_line_and_its_reason(delivery, name):
    books, run, lines = delivery
    fields, code, words = BAD[name]
    found = books.database.row(
        "SELECT * FROM trueup.quarantine WHERE run_id = %s AND position = %s",
        run.run_id,
        lines[name],
    )
    assert found.reason_code == code, found.reason
    assert words in found.reason
    assert found.reason.endswith((".", "Z."))
    assert found.fields["amount"] == (fields["amount"].strip() or None)
    assert fields["amount"] in found.raw.replace('""', '"')


@pytest.mark.parametrize("name", GOOD)
def test_it_is_posted_exactly_as_it_was_delivered(delivery, name):
    books, run, lines = delivery
    _, expected = GOOD[name]
    found = books.database.row(
        "SELECT ledger_id, debit_account_id, trim_scale(amount)::TEXT AS amount, currency_code, "
        "asset_type, transaction_type, reference_id, timestamp_utc::TEXT AS timestamp_utc, "
        "trim_scale(fx_rate)::TEXT AS fx_rate, metadata::TEXT AS metadata "
        "FROM ledger_entries WHERE run_id = %s AND run_line = %s",
        run.run_id,
        lines[name],
    )
    assert {column: getattr(found, column) for column in expected} == expected


def test_every_reason_code_has_its_case(delivery):
    books, *_ = delivery
    documented = {row.code for row in books.database.rows("SELECT code FROM trueup.reason_codes")}
    elsewhere = {
        "unreadable_line",  # test_lines_that_cannot_be_read…
        "duplicate_reference",  # tests/engine/stages/test_validate.py
        "reversed_entry",  # test_reversal.py
        "ambiguous_group",  # these three: test_schema_migration.py
        "one_legged_group",
        "unbalanced_group",
    }
    assert {code for _, code, _ in BAD.values()} == documented - elsewhere


def test_the_books_reason_list_has_a_sentence_for_each_code(delivery):
    books, *_ = delivery
    for row in books.database.rows("SELECT code, meaning FROM trueup.reason_codes"):
        assert row.meaning.endswith("."), row
        assert row.meaning[0].isupper(), row


HEADER = ",".join(CANONICAL_NAMES)
ROW = "MASTER,alice,world,{},USD,fiat,T,{},2020-01-01,,"


def test_lines_that_cannot_be_read_are_quarantined_with_number_and_text_and_the_rest_loads(books):
    books.open_world("alice")
    lines = [
        HEADER,
        ROW.format("1.00", "r-2"),
        "too,few,fields",
        ROW.format("4.00", "r-4") + ",one,too,many",
        'MASTER,"alice,world,5.00,USD,fiat,T,r-5,2020-01-01,,',  # a quote that is never closed
        ROW.format("6.00", "r-6"),
        ROW.format("7.00", "r\x007"),
        ROW.format("8.00", "r-8"),
        "MASTER,alice,wor",  # the last line, cut off
    ]
    run = books.backfill(books.write("entries.csv", "\n".join(lines)), max_quarantined="100 %")

    assert run.status == "completed", run.message
    assert books.references() == ["r-2", "r-6", "r-8"]
    found = {
        row.position: row
        for row in books.database.rows("SELECT * FROM trueup.quarantined_rows ORDER BY position")
    }
    assert list(found) == [3, 4, 5, 7, 9]
    assert {row.reason_code for row in found.values()} == {"unreadable_line"}
    assert found[3].raw == "too,few,fields"
    assert found[5].raw == lines[4]
    assert found[7].raw == lines[6].replace("\0", "\\x00")
    assert found[9].raw == "MASTER,alice,wor"
    assert all(row.reason.endswith(".") for row in found.values())


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8-sig", ""),
        ("utf-16", ""),
        ("cp1252", "encoding: cp1252"),
        ("utf-16-le", "encoding: utf-16-le"),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_files_of_other_programs_load_as_they_are(books, encoding, declared, line_end, delimiter):
    books.open_world("Jürgen")
    text = line_end.join(
        line.replace(",", delimiter)
        for line in (HEADER, ROW.format("1.00", "é-1").replace("alice", "Jürgen"), "")
    )
    params = {"mapping": books.write("mapping.yaml", declared)} if declared else {}
    run = books.backfill(books.write("entries.csv", text.encode(encoding)), **params)
    assert run.status == "completed", run.message
    assert books.references() == ["é-1"]


@pytest.mark.parametrize("regime", ["live", "initial"])
@pytest.mark.parametrize(("after_header", "after_row"), [("\r", "\n"), ("\r", "\r"), ("\n", "\r")])
def test_no_entry_is_lost_where_cr_ends_some_lines(books, regime, after_header, after_row):
    books.open_world("alice")
    rows = [ROW.format(f"{n}.00", f"r-{n}").replace("-01-01,", "-01-01T00:00:00Z,") for n in (1, 2)]
    content = HEADER + after_header + "".join(row + after_row for row in rows)
    run = books.backfill(books.write("entries.csv", content), regime=regime)
    assert (run.status, run.total_read) == ("completed", 2), run.message
    assert books.references() == ["r-1", "r-2"]


def test_a_blank_behind_a_closing_quote_spoils_its_line_whichever_the_quote_is(books):
    books.open_world("alice")
    rows = [ROW.format("1.00", f"r-{n}").replace("-01-01,", "-01-01T00:00:00Z,") for n in (1, 2)]
    lines = [HEADER, rows[0].replace(",T,", ",'T' ,"), rows[1].replace(",T,", ",'T',"), ""]
    run = books.backfill(
        books.write("entries.csv", "\n".join(lines)),
        mapping=books.write("mapping.yaml", 'quote: "\'"'),
        max_quarantined="1",
    )
    assert run.status == "completed", run.message
    assert books.references() == ["r-2"]
    assert books.reasons(run.run_id) == {2: "unreadable_line"}


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\r\n  \r\n", "is empty"),
        ("Name;Stra\xdfe\nMüller;Allee\n".encode("cp1252"), "encoding"),
        (b"name,age\nx,1\n", "there is no column for"),
        (HEADER.encode(), "no rows"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "encoding|not text|binary"),
    ],
)
def test_a_file_that_is_no_source_is_refused_with_a_sentence_that_says_what_to_do(
    books, content, hint
):
    books.open_world("alice")
    name = books.write("entries.csv", content)
    try:
        run = books.backfill(name)
    except Refused as refusal:
        message = str(refusal)
    else:
        assert run.status == "refused"
        message = run.message
    assert any(each in message for each in hint.split("|")), message
    assert message.endswith(".")
    assert books.references() == []
