"""The only door to SQL text."""

import re
from pathlib import Path

import pytest

from trueup import fingerprints, statements

ENGINE = Path(statements.__file__).parent
FILES = sorted(statements.SQL_FOLDER.rglob("*.sql"))
POSTING_CODE = (
    "ledger/functions",
    "ledger/views",
    "ledger/plain",
    "ledger/derive",
    "ledger/validate",
    "ledger/post",
    "trueup/functions",
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_statement_begins_with_a_sentence_that_says_what_it_does(path):
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert re.match(r"-- [A-Z]", first), first


def test_money_is_never_a_float_in_sql():
    """Seconds and rates may be; and what a deployed app has, where its digits are read exactly."""
    allowed = {
        "find_open_run.sql", "run_overview.sql", "read_pressure.sql", "measure_runs.sql",
        "0001_capital.up.sql", "exact_amount.sql", "exact_amount_real.sql", "list_obstacles.sql",
        "unlike_amounts.sql",
    }  # fmt: skip
    for path in FILES:
        text = re.sub(r"--.*", "", path.read_text(encoding="utf-8")).lower()
        if path.name not in allowed:
            assert not re.search(r"\b(float[48]?|real|double precision|money)\b", text), path


def test_money_is_never_a_float_in_python():
    for path in ENGINE.rglob("*.py"):
        assert not re.search(r"\bfloat\(", path.read_text(encoding="utf-8")), path


def test_no_sql_text_stands_in_python():
    keywords = (
        r"\b(SELECT .* FROM|INSERT INTO|UPDATE .* SET|DELETE FROM|ALTER TABLE|CREATE TABLE)\b"
    )
    for path in ENGINE.rglob("*.py"):
        assert not re.search(keywords, path.read_text(encoding="utf-8")), path


def test_a_session_is_in_utc_and_gives_up_on_locks(database):
    session = database.connect("a purpose that is longer than PostgreSQL keeps the names of")
    settings = {
        row.name: row.setting
        for row in session.execute(
            "SELECT name, setting FROM pg_settings WHERE name IN "
            "('TimeZone', 'DateStyle', 'lock_timeout', 'idle_in_transaction_session_timeout')"
        )
    }
    assert settings["TimeZone"] == "UTC"
    assert settings["DateStyle"].startswith("ISO")
    assert settings["lock_timeout"] == "10000"
    assert settings["idle_in_transaction_session_timeout"] == "600000"


def test_the_fingerprint_of_the_posting_code_is_stable_and_moves_with_a_statement(
    tmp_path, monkeypatch
):
    before = fingerprints.of_posting_code("ledger")
    assert fingerprints.of_posting_code("ledger") == before
    for folder in POSTING_CODE:
        (tmp_path / folder).mkdir(parents=True)
        for path in (statements.SQL_FOLDER / folder).glob("*.sql"):
            (tmp_path / folder / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(statements, "SQL_FOLDER", tmp_path)
    assert fingerprints.of_posting_code("ledger") == before
    for folder in POSTING_CODE:
        path = next((tmp_path / folder).glob("*.sql"))
        text = path.read_bytes()
        path.write_bytes(text + b" ")
        assert fingerprints.of_posting_code("ledger") != before
        path.write_bytes(text)
    assert fingerprints.of_posting_code("ledger") == before


def test_the_fingerprint_of_the_posting_code_moves_with_the_reader_of_sources(
    tmp_path, monkeypatch
):
    """After a crash a resume reads its source again: another reader may read other rows."""
    before = fingerprints.of_posting_code("ledger")
    package = tmp_path / "trueup"
    (package / "sources").mkdir(parents=True)
    for path in (ENGINE / "sources").glob("*.py"):
        (package / "sources" / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(fingerprints, "__file__", str(package / "fingerprints.py"))
    assert fingerprints.of_posting_code("ledger") == before
    (package / "sources" / "csv.py").write_text("other code")
    assert fingerprints.of_posting_code("ledger") != before


def test_the_fingerprint_of_a_file_is_its_sha_256(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    assert fingerprints.of_file(path) == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
