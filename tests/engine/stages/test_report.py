"""A report says exactly what happened, whatever became of the run and whatever the source said."""

import csv
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs import SAMPLE, Attempt, Books, entry, payments
from trueup import journal, opening
from trueup.report import facts as report_facts
from trueup.report.amounts import readable, signed
from trueup.run_state import Status
from trueup.sources.csv import CsvSource
from trueup.sources.mapping import CANONICAL_NAMES, Mapping
from trueup.stages import report as stage
from trueup.systems import LEDGER

SCRIPT = '<script>alert("x")</script>'
IMAGE = '"><img src=x onerror=alert(1)>'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "reports"


class Reported:
    """The files of one report, read again."""

    def __init__(self, books: Books, run_id: str, folder: Path) -> None:
        connection = books.database.connect()
        self.paths = stage.report(connection, journal.read_run(connection, run_id), folder)
        self.text = Path(self.paths["text"]).read_text(encoding="utf-8")
        self.html = Path(self.paths["html"]).read_text(encoding="utf-8")
        self.json = json.loads(Path(self.paths["json"]).read_text(encoding="utf-8"))

    @property
    def words(self) -> str:
        """The terminal's text without its line breaks."""
        return " ".join(self.text.split())

    @property
    def quarantine(self) -> list[dict[str, str]]:
        """The rows of the quarantine's CSV."""
        with open(self.paths["quarantine"], encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


# What a report says, by what became of the run


def test_a_completed_run_shows_its_totals_and_its_breaks_exactly(books: Books, folder: Path):
    row = books.backfill(accept_breaks=4, **SAMPLE)
    found = Reported(books, row.run_id, folder)
    assert "COMPLETED · The run is complete and its books are proved; 4 breaks" in found.words
    assert "3,783 read = 3,783 posted + 0 replayed + 0 quarantined" in found.text
    assert re.search(r"EUR +744 +16,547\.68 ", found.text)
    assert re.search(r"USD +3,039 +122,850\.16 ", found.text)
    assert re.findall(r" ([+−][0-9.]+) ", found.text) == ["+21.06", "+0.02", "+0.02", "−0.01"]
    assert [each["difference"] for each in found.json["breaks"]["largest"]] == [
        "21.06", "0.02", "0.02", "-0.01",
    ]  # fmt: skip
    assert found.json["state_hash"]["before"] in found.text
    assert "quarantine" not in found.paths


def test_a_run_without_breaks_says_so_in_a_sentence(books: Books, folder: Path):
    books.open_world()
    found = Reported(books, books.backfill(payments(3)).run_id, folder)
    assert "There are no breaks. Every balance was held against its own entries" in found.words
    assert "proved." in found.text


def test_a_run_that_was_rolled_back_says_why_and_what_the_hashes_prove(books: Books, folder: Path):
    row = books.backfill(accept_breaks=3, **SAMPLE)
    assert row.status == "rolled_back"
    found = Reported(books, row.run_id, folder)
    assert "the state hash proves that the books stand as before" in found.words
    assert "4 balances break" in found.words
    assert "The 3,783 posted rows were removed again by the rollback." in found.words
    assert found.text.count(row.state_hash_before) == 2
    assert "As the books stood before the run was taken back." in found.words


def test_a_rollback_that_cannot_be_proved_does_not_claim_to_be(books: Books, folder: Path):
    books.open_world()
    attempt = books.begin(payments(3)).to_reconciled()
    books.database.do(
        "UPDATE bank_accounts SET reserved_balance = 1, available_balance = available_balance - 1 "
        "WHERE id = 'world'"
    )
    attempt.roll_back()
    found = Reported(books, attempt.run_id, folder)
    assert "ROLLED BACK · The run was taken back." in found.words
    assert "cannot be proved" in found.words
    assert "proves" not in found.text


def test_a_rollback_that_failed_calls_for_a_person(books: Books, folder: Path):
    books.open_world()
    attempt = books.begin(payments(3), outbox=True).to_reconciled()
    books.database.do("UPDATE dual_ledger_outbox SET status = 'ACKED'")
    with pytest.raises(Exception, match="were delivered"):
        attempt.roll_back()
    found = Reported(books, attempt.run_id, folder)
    assert "ROLLBACK FAILED · The run could not be taken back" in found.words
    assert "were delivered" in found.words


def test_an_interrupted_run_says_how_far_it_came(books: Books, folder: Path):
    books.open_world()
    attempt = books.begin(payments(10), batch_size=4).to_posting()
    attempt.post_one_batch()
    journal.record_failure(attempt.connection, attempt.run(), "operational", "The network died.")
    attempt.move(Status.INTERRUPTED, "post")
    found = Reported(books, attempt.run_id, folder)
    assert "INTERRUPTED · The run broke off; what it posted stands." in found.words
    assert "The network died." in found.text
    assert "10 staged = 4 posted + 0 replayed + 0 quarantined + 6 not posted" in found.text
    assert "4 rows in 1 batch" in found.text
    assert "ended        –" in found.text


def test_a_dry_run_shows_both_counts_and_how_to_approve_it(books: Books, folder: Path):
    books.open_world()
    row = books.backfill(
        [*payments(8), entry("world", "bob", "99.00")],
        dry_run=True, dry_run_rows=5, max_quarantined="3 %", parallel_workers=2,
    )  # fmt: skip
    found = Reported(books, row.run_id, folder)
    assert "PREVIEWED · This was a dry run: nothing was changed." in found.words
    assert "9 read = 9 to post + 0 replayed + 0 quarantined" in found.text
    assert "9 rows were judged; of these, the first 5 were executed for real" in found.words
    assert re.search(r"bob +USD +−8[0-9]\.[0-9]{2}", found.text)
    command = next(line for line in found.text.splitlines() if "dags trigger" in line)
    conf = json.loads(re.search(r"--conf '(.*)'", command)[1])
    assert conf == {
        "source": "entries.csv", "dry_run": False, "dry_run_rows": 5, "max_quarantined": "3 %",
        "parallel_workers": 2, "retry_delay": 1, "approved_digest": row.digest,
    }  # fmt: skip


def test_the_approval_that_a_dry_run_offers_is_one_that_posts(books: Books, folder: Path):
    books.open_world()
    dry = books.backfill(payments(3), dry_run=True)
    found = Reported(books, dry.run_id, folder)
    conf = json.loads(re.search(r"--conf '(.*)'", found.text)[1])
    assert books.backfill(**conf).status == "completed"


def test_a_run_refused_by_validation_shows_its_quarantine(books: Books, folder: Path):
    books.open_world()
    row = books.backfill([entry(amount="1e3"), entry(amount="-1"), *payments(2)])
    assert row.status == "refused"
    found = Reported(books, row.run_id, folder)
    assert "REFUSED · The run was refused; nothing was posted." in found.words
    assert "4 staged = 0 posted + 0 replayed + 2 quarantined + 2 not posted" in found.text
    assert re.search(r"invalid_amount +2 +2 ", found.text)
    assert len(found.quarantine) == 2


def test_a_run_that_was_refused_before_it_began_has_a_report(books: Books, folder: Path):
    connection = books.database.connect()
    run_id = opening.refuse_run(
        connection, LEDGER, {"source": SCRIPT, "batch_size": 0},
        opening.Attempt("ledger_backfill", "manual-1", "tester"),
        "The run was not started. batch_size: must be above zero.",
    )  # fmt: skip
    found = Reported(books, run_id, folder)
    assert "batch_size: must be above zero" in found.text
    assert "No row was read." in found.text
    assert SCRIPT not in found.html
    assert found.json["asked"]["params"] == {}


@pytest.mark.parametrize("steps", ["audit", "to_validated", "to_posting", "to_posted"])
def test_a_run_in_the_middle_of_its_work_can_be_reported(steps: str, books: Books, folder: Path):
    books.open_world()
    attempt: Attempt = getattr(books.begin(payments(3)), steps)()
    found = Reported(books, attempt.run_id, folder)
    assert "it has not ended yet" in found.words


def test_attempts_and_audit_log_are_listed(books: Books, folder: Path):
    books.open_world()
    books.begin(payments(10), batch_size=4).to_posting().die()
    row = books.resume(batch_size=4)
    found = Reported(books, row.run_id, folder)
    assert [each["attempt"] for each in found.json["attempts"]] == [1, 2]
    assert "took the run up" in found.html
    assert "in 2 attempts" in found.html


def test_expectations_that_do_not_hold_come_first(books: Books, folder: Path):
    books.open_world()
    row = books.backfill(payments(3))
    books.database.do(
        "INSERT INTO trueup.expectation_results VALUES "
        "(%s, 'ledger', 'A rule', 'critical', TRUE, 'no such rows'), "
        "(%s, 'ledger', 'Another <rule>', 'warning', FALSE, '3 rows')",
        row.run_id, row.run_id,
    )  # fmt: skip
    found = Reported(books, row.run_id, folder)
    assert "1 of 2 expectations do not hold." in found.text
    assert "warning: Another <rule>: 3 rows" in found.text
    assert found.html.index("Another &lt;rule&gt;") < found.html.index("A rule")


# What a source says cannot harm


class Page(HTMLParser):
    """Tags and attributes of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attributes


def test_every_text_of_a_source_is_escaped(books: Books, folder: Path):
    hostile = {
        "ledgerId": SCRIPT, "transactionType": SCRIPT, "referenceId": SCRIPT,
        "metadata": json.dumps({"a": SCRIPT}),
    }  # fmt: skip
    books.open_world(SCRIPT, "bob")
    books.write("expected.csv", f"account_id,currency_code,expected_balance\n{SCRIPT}x,USD,1\n")
    books.write("accounts.csv", "id,currency_code,allow_overdraft\nzoe,USD,true\n")
    row = books.backfill(
        [
            entry(SCRIPT, "world", **hostile),
            entry(f"{SCRIPT}?", "world", **hostile | {"referenceId": IMAGE}),
            entry("bob", "world", amount=SCRIPT, timestampUtc=SCRIPT, currencyCode=SCRIPT),
        ],
        max_quarantined="90 %", expected_balances="expected.csv", accept_breaks=9,
        accounts="accounts.csv", source_id=SCRIPT,
    )  # fmt: skip
    assert row.status == "completed", row.message
    found = Reported(books, row.run_id, folder)
    page = Page(found.html)
    assert not {"script", "img", "iframe", "object", "link"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert "&lt;script&gt;" in found.html
    assert len(found.json["quarantine"]["first"]) == 2


def test_a_page_loads_nothing_from_elsewhere(books: Books, folder: Path):
    books.open_world()
    found = Reported(books, books.backfill(payments(3)).run_id, folder)
    page = Page(found.html)
    assert not [value for name, value in page.attributes if name in ("src", "srcset", "action")]
    targets = [value for name, value in page.attributes if name == "href"]
    assert targets
    assert all(not re.match(r"[a-z]+:|//", target) for target in targets)
    assert "url(" not in found.html
    assert "@import" not in found.html


def test_a_source_cannot_move_the_terminals_cursor(books: Books, folder: Path):
    books.open_world()
    books.write("mapping.yaml", "encoding: utf-8\n")
    row = books.backfill(
        [entry("bob\x1b[2Jgone\u202e", "world"), *payments(1)],
        max_quarantined="90 %", source_id="name\x1b]0;owned\x07",
    )  # fmt: skip
    found = Reported(books, row.run_id, folder)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", found.text)


def test_lines_for_a_terminal_have_at_most_100_columns(books: Books, folder: Path):
    books.open_world("a" * 250)
    books.write("expected.csv", f"account_id,currency_code,expected_balance\n{'a' * 250},USD,1\n")
    row = books.backfill(
        [*payments(4, ["a" * 250]), entry(amount="x" * 300)],
        max_quarantined="90 %", expected_balances="expected.csv", accept_breaks=1,
    )  # fmt: skip
    found = Reported(books, row.run_id, folder)
    assert max(map(len, found.text.splitlines())) <= 100
    assert "expected balances" in found.text


# Money and figures


def test_nothing_in_the_json_is_a_float(books: Books, folder: Path):
    books.open_world()
    large = "1234567890123456789.01"
    row = books.backfill([*payments(3), entry(amount=large)])
    found = Reported(books, row.run_id, folder)
    assert not [value for value in leaves(found.json) if isinstance(value, float)]
    assert found.json["totals"]["trial_balance"][0]["run_amount"].startswith("12345678901234567")
    assert "1,234,567,890,123,456,795.04" in found.text


def leaves(value: Any) -> Iterator[Any]:
    """Every value of a JSON document that holds no others."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from leaves(each)
    else:
        yield value


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6), st.integers(0, 8))
def test_a_readable_amount_is_the_same_amount(amount: Decimal, minor_unit: int):
    text = readable(f"{amount:f}", minor_unit)
    assert Decimal(text.replace(",", "").replace("−", "-")) == amount
    assert len(text.partition(".")[2]) >= minor_unit


@pytest.mark.parametrize(
    ("amount", "minor_unit", "shown"),
    [
        ("1234.5", 2, "1,234.50"),
        ("-1234567.005", 2, "−1,234,567.005"),
        ("1000.00", 0, "1,000"),
        ("0.1200", 3, "0.120"),
        ("NaN", 2, "NaN"),
        ("1234567890123456789012345678.678", 3, "1,234,567,890,123,456,789,012,345,678.678"),
    ],
)  # fmt: skip
def test_amounts_have_their_currencys_decimals_and_are_never_rounded(
    amount: str, minor_unit: int, shown: str
):
    assert readable(amount, minor_unit) == shown


def test_differences_have_a_sign_and_zero_has_none():
    assert [signed(text, 2) for text in ("21.06", "-0.01", "0.00")] == ["+21.06", "−0.01", "0.00"]


# The quarantine's CSV


def test_a_mended_row_posts_under_the_reference_that_the_csv_carries(books: Books, folder: Path):
    books.open_world()
    metadata = json.dumps({"note": 'says "hi", twice\nthen leaves'})
    rows = [
        *payments(3),
        entry("bob", "world", "1,234.56", referenceId=None, metadata=metadata),
        entry("carol", "world", "7.001", referenceId="has-its-own", fxRate="1.10"),
    ]
    first = books.backfill(rows, max_quarantined="50 %")
    found = Reported(books, first.run_id, folder)
    assert [row["quarantineReasonCode"] for row in found.quarantine] == [
        "invalid_amount", "excess_precision",
    ]  # fmt: skip
    given = found.quarantine[0]["referenceId"]
    assert given.startswith("BACKFILL-")

    mended = Path(found.paths["quarantine"]).read_text(encoding="utf-8")
    mended = mended.replace('"1,234.56"', "1234.56", 1).replace("7.001", "7.00", 1)
    books.write("mended.csv", mended)
    second = books.backfill("mended.csv")
    assert (second.status, second.total_posted) == ("completed", 2)
    posted = books.database.row("SELECT * FROM ledger_entries WHERE reference_id = %s", given)
    assert posted.amount == Decimal("1234.56")
    assert posted.metadata == json.loads(metadata)
    assert "has-its-own" in books.references()


def test_the_csv_reads_again_field_by_field_without_a_mapping(books: Books, folder: Path):
    books.open_world()
    odd = [
        entry("a;b\t|c", "x", "1e3", transactionType='"quoted"', metadata="[1, 2]"),
        entry("line\nbreak", "  spaces  ", "−5", currencyCode="'; DROP TABLE runs;--"),
        entry("", "world", "", referenceId=None, transactionType=None),
        entry("ünïcode", "世界", "٣", referenceId="=HYPERLINK(1)"),
    ]
    source = books.write_entries(odd)
    with (books.folder / source).open("a", encoding="utf-8", newline="") as file:
        file.write('too,few\r\n"never closed,a,b\n')
    row = books.begin(source).audit().ingest()
    with pytest.raises(Exception, match="None of 6 rows"):
        row.validate()
    found = Reported(books, row.run_id, folder)
    read = list(CsvSource(Path(found.paths["quarantine"]), Mapping()).rows(None))
    assert [each[1] for each in read] == [None] * 6
    kept = books.database.rows("SELECT fields FROM trueup.quarantine ORDER BY position")
    assert [dict(zip(CANONICAL_NAMES, each[4:], strict=True)) for each in read] == [
        each.fields for each in kept
    ]
    assert [each["quarantineLine"] for each in found.quarantine] == ["2", "3", "5", "6", "7", "8"]
    assert found.quarantine[4]["quarantineRaw"] == "too,few"


def test_the_csv_has_no_formula_and_feeds_back_what_stood_there(books: Books, folder: Path):
    """A spreadsheet would run what a source has written; the ledger must get it as it was."""
    books.open_world()
    texts = {"referenceId": "@ref", "transactionType": "=HYPERLINK(1)", "metadata": "'=1"}
    odd = [
        entry("nobody", "world", "5.00", **texts),
        entry(
            "bob", "world", "-12.50", referenceId="-12.50", transactionType="-1+cmd|' /C calc'!A0"
        ),
    ]
    row = books.backfill([*payments(1), *odd], max_quarantined="100 %")
    found = Reported(books, row.run_id, folder)
    first, second = found.quarantine
    assert {name: first[name] for name in texts} == {
        name: f"'{text}" for name, text in texts.items()
    }
    assert second["transactionType"] == "'-1+cmd|' /C calc'!A0"
    assert (second["amount"], second["referenceId"]) == ("-12.50", "-12.50")

    mended = Path(found.paths["quarantine"]).read_text().replace("nobody", "alice")
    mended = mended.replace(",-12.50,USD", ",12.50,USD").replace(",''=1,", ",,")
    assert books.backfill(books.write("mended.csv", mended)).total_posted == 2
    posted = books.database.rows(
        "SELECT reference_id, transaction_type FROM ledger_entries "
        "WHERE reference_id IN ('@ref', '-12.50') ORDER BY 1"
    )
    assert [tuple(each) for each in posted] == [
        ("-12.50", "-1+cmd|' /C calc'!A0"), ("@ref", "=HYPERLINK(1)"),
    ]  # fmt: skip


def test_records_as_long_as_a_reader_takes_read_again(books: Books, folder: Path):
    books.open_world()
    long = entry("bob", "world", "nothing", metadata="x\n" * 900 + "y" * 900_000)
    row = books.backfill([long, *payments(2)], max_quarantined="50 %")
    found = Reported(books, row.run_id, folder)
    (read,) = CsvSource(Path(found.paths["quarantine"]), Mapping()).rows(None)
    assert read[1] is None
    assert read[-1] == long["metadata"]


def test_the_page_shows_the_first_hundred_and_the_csv_has_them_all(books: Books, folder: Path):
    books.open_world()
    rows = [entry(amount="bad", referenceId=f"bad-{number:04}") for number in range(5_000)]
    row = books.backfill([*payments(1), *rows], max_quarantined="100 %")
    found = Reported(books, row.run_id, folder)
    assert "The first 100 of 5,000 rows" in found.html
    assert "bad-0099" in found.html
    assert "bad-0100" not in found.html
    assert len(found.json["quarantine"]["first"]) == report_facts.FIRST_QUARANTINED
    assert [each["referenceId"] for each in found.quarantine] == [r["referenceId"] for r in rows]


# Files


def test_the_latest_report_lies_in_the_folder_as_a_copy(books: Books, folder: Path):
    books.open_world()
    first = Reported(books, books.backfill(payments(2)).run_id, folder)
    bad = books.backfill([entry(amount="x"), *payments(2)], max_quarantined="50 %")
    second = Reported(books, bad.run_id, folder)
    assert (folder / "latest.txt").read_text(encoding="utf-8") == second.text
    latest = (folder / "latest.html").read_text(encoding="utf-8")
    assert not (folder / "latest.html").is_symlink()
    assert first.text != second.text
    for value in [value for name, value in Page(latest).attributes if name == "href"]:
        assert (folder / value).is_file()
    for value in [value for name, value in Page(second.html).attributes if name == "href"]:
        assert (folder / bad.run_id / value).is_file()


def test_no_draft_is_left_and_a_failure_leaves_the_old_report(
    books: Books, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    books.open_world()
    run_id = books.backfill(payments(2)).run_id
    before = Reported(books, run_id, folder).text

    def full(*_: object, **__: object) -> str:
        raise OSError("No space left on device")

    monkeypatch.setattr(stage.html, "render", full)
    with pytest.raises(OSError, match="No space"):
        Reported(books, run_id, folder)
    assert (folder / run_id / "report.txt").read_text(encoding="utf-8") == before
    assert (folder / "latest.txt").read_text(encoding="utf-8") == before
    assert not list(folder.rglob(".*"))


def test_reporting_changes_nothing_in_the_database(books: Books, folder: Path):
    books.open_world()
    row = books.backfill(payments(3))
    before = books.state(), books.database.rows("SELECT * FROM trueup.runs")
    Reported(books, row.run_id, folder)
    Reported(books, row.run_id, folder)
    assert (books.state(), books.database.rows("SELECT * FROM trueup.runs")) == before


def test_a_run_that_was_reversed_is_not_said_to_be_gone(books: Books, folder: Path):
    books.open_world()
    attempt = books.begin(payments(4)).to_reconciled().complete()
    attempt.roll_back(mode="reverse")
    found = Reported(books, attempt.run_id, folder)
    assert "The 4 posted rows stand, and so does a reversal of each." in found.words
    assert "entries of others aside: equal" in found.words
    assert "3 of 3 rules stand in the database" in found.words
    assert "removed" not in found.words
    assert "must reproduce" not in found.words
