"""Whole runs from an API and from another database: resumed, repeated, changed under the reader."""

import json

import pytest
from fastapi.responses import JSONResponse, PlainTextResponse
from psycopg.conninfo import conninfo_to_dict

from apis import serving
from runs import entry
from trueup.errors import OperationalFailure, Refused
from trueup.sources import database as database_source
from trueup.sources import http, objects
from trueup.sources.endpoints import Endpoint

MAPPING = "api: {page_size: 5, key: id}\n"
API = {"source": "/entries", "source_type": "API", "source_connection": "bank", "mapping": "m.yaml"}
TABLE = {"source": "legacy", "source_type": "DATABASE", "source_connection": "legacy_bank"}


def record(number: int, **fields):
    return entry(amount=f"{number}.25", referenceId=f"r{number}", id=number) | fields


@pytest.fixture(autouse=True)
def world(books, monkeypatch):
    monkeypatch.setattr(http.time, "sleep", lambda _: None)
    monkeypatch.setattr(database_source, "_ROWS_PER_PART", 5)
    books.open_world()
    books.write("m.yaml", MAPPING)


@pytest.fixture
def api(books):
    with serving() as served:
        served.records = [record(number) for number in range(1, 13)]
        books.endpoints["bank"] = served.endpoint()
        yield served


@pytest.fixture
def legacy(books):
    """The table of another bank; here it lies in the same database."""
    books.database.do(
        "CREATE TABLE legacy AS SELECT n AS id, 'alice' AS debit_account_id, "
        "'world' AS credit_account_id, n + 0.25 AS amount, 'T' AS transaction_type, "
        "'r' || n AS reference_id, TIMESTAMPTZ '2020-01-01' AS timestamp_utc "
        "FROM generate_series(1, 12) AS n"
    )
    books.database.do("GRANT SELECT ON legacy TO PUBLIC")
    parts = conninfo_to_dict(books.database.conninfo)
    books.endpoints["legacy_bank"] = Endpoint(
        "legacy_bank", "postgres", parts["host"], int(parts["port"]), parts["user"],
        parts.get("password"), parts["dbname"], {"trueup_source": True},
    )  # fmt: skip
    return books.database


@pytest.mark.parametrize("regime", ["live", "initial"])
@pytest.mark.parametrize("paging", ["cursor", "offset"])
def test_an_api_is_backfilled_and_a_second_run_replays(books, api, paging, regime):
    books.write("m.yaml", f"api: {{page_size: 5, paging: {paging}}}\n")
    run = books.backfill(**API, regime=regime)
    assert (run.status, run.total_read, run.total_posted) == ("completed", 12, 12)
    assert books.balances()["world"] == "-81"
    again = books.backfill(**API)
    assert (again.total_posted, again.total_replayed) == (0, 12)


@pytest.mark.parametrize("regime", ["live", "initial"])
def test_a_table_is_backfilled_and_a_second_run_posts_what_came_since(books, legacy, regime):
    run = books.backfill(**TABLE, regime=regime)
    assert (run.status, run.total_read, run.total_posted) == ("completed", 12, 12)
    legacy.do("INSERT INTO legacy SELECT 13, 'bob', 'world', 1, 'T', 'r13', now()")
    again = books.backfill(**TABLE)
    assert (again.total_posted, again.total_replayed) == (1, 12)


@pytest.mark.parametrize("kind", ["JSONL", "PARQUET"])
def test_files_of_other_forms_are_backfilled(books, legacy, kind, tmp_path):
    import duckdb

    path = books.folder / "entries"
    form = {"JSONL": "JSON", "PARQUET": "PARQUET"}[kind]
    with duckdb.connect() as database:
        database.execute(
            "COPY (SELECT 'alice' AS debitAccountId, 'world' AS creditAccountId, 'T' AS "
            "transactionType, 'r' || range AS referenceId, (range + 1.25)::DECIMAL(10, 2) AS "
            f"amount FROM range(12)) TO '{path}' (FORMAT {form})"
        )
    run = books.backfill("entries", source_type=kind)
    assert (run.status, run.total_posted) == ("completed", 12)
    assert books.balances()["alice"] == "81"


def test_a_reading_that_broke_off_goes_on_at_its_cursor(books, api):
    api.instead = [JSONResponse({"data": api.records[:5], "next_cursor": "5"})]
    api.instead *= 2  # the audit looks at the first page, too
    api.instead += [PlainTextResponse("", 503)] * 9
    attempt = books.begin(**API, max_retries=3).audit()
    with pytest.raises(OperationalFailure):
        attempt.ingest()
    attempt.connection.close()
    api.instead, api.asked = [], []
    run = books.resume(**API)
    assert (run.status, run.total_read, run.total_posted) == ("completed", 12, 12)
    assert [asked.get("cursor") for asked in api.asked] == [None, "5", "10"]


@pytest.mark.parametrize("overlap", [1, 3, 5])
def test_pages_that_overlap_do_no_harm_even_without_references(books, api, overlap):
    api.records = [record(number, referenceId=None) for number in range(1, 13)]
    api.overlap = overlap
    run = books.backfill(**API)
    assert (run.status, run.total_read, run.total_posted) == ("completed", 12, 12)


def test_equal_records_with_keys_of_their_own_stay_two(books, api):
    api.records = [entry(referenceId=None, id=1), entry(referenceId=None, id=2)]
    assert books.backfill(**API).total_posted == 2
    assert books.balances()["alice"] == "2"


UNSTORABLE = (
    '"\\u0000"',
    '{"a": "\\u0000"}',
    '[["\\ud800"]]',
    "1e400000",
    "1e99999999999999999999",
)


def with_note(note: str) -> PlainTextResponse:
    """A page of three records; the second has something in a field that nothing reads."""
    records = [json.dumps(record(number)) for number in (1, 2, 3)]
    records[1] = f'{records[1][:-1]}, "note": {note}}}'
    return PlainTextResponse(f"[{', '.join(records)}]")


@pytest.mark.parametrize("note", UNSTORABLE)
def test_what_the_database_cannot_hold_is_one_quarantined_row(books, api, note):
    api.instead = [with_note(note)] * 2
    run = books.backfill(**API, max_quarantined="1")
    assert (run.status, run.total_read, run.total_posted) == ("completed", 3, 2)
    assert books.reasons(run.run_id) == {2: "unreadable_line"}


@pytest.mark.parametrize("note", UNSTORABLE)
def test_what_cannot_be_read_as_json_does_not_fail_the_search_for_what_came_twice(
    books, api, monkeypatch, note
):
    monkeypatch.setattr(objects, "_is_storable", lambda _: True)
    api.instead = [with_note(note)] * 2
    books.begin(**API).audit().ingest()
    assert books.database.value("SELECT count(*) FROM trueup.staged_entries") == 3


@pytest.mark.parametrize("path", ["https://evil.example/x", "http://169.254.169.254/", "//evil"])
def test_a_source_on_another_host_is_refused_before_anything_is_asked(books, api, path):
    books.endpoints["bank"] = api.endpoint(password="secret")
    with pytest.raises(Refused, match="is no path of an API"):
        books.begin(**API | {"source": path})
    assert api.headers == []


def test_a_source_that_would_write_is_refused_and_writes_nothing(books, legacy):
    legacy.do("GRANT UPDATE ON legacy TO PUBLIC")
    source = "SELECT 1 AS id) AS s; UPDATE legacy SET amount = 999; SELECT 1 FROM (SELECT 1 AS id"
    run = books.backfill(**TABLE | {"source": source})
    assert run.status == "refused"
    assert "give one query that changes nothing" in run.message
    assert legacy.value("SELECT max(amount) FROM legacy") < 999


def test_a_source_that_changed_since_the_dry_run_is_not_posted(books, api):
    dry = books.backfill(**API, dry_run=True)
    api.records[3]["amount"] = "999.00"
    run = books.backfill(**API, approved_digest=dry.digest)
    assert run.status == "refused"
    assert "not what the approver saw" in run.message
    api.records[3]["amount"] = "4.25"
    assert books.backfill(**API, approved_digest=dry.digest).total_posted == 12


def test_the_digest_does_not_depend_on_where_pages_end(books, api):
    small = books.backfill(**API, dry_run=True)
    books.write("m.yaml", "api: {page_size: 7, key: id}\n")
    large = books.backfill(**API, dry_run=True)
    assert small.content_fingerprint == large.content_fingerprint


def test_rows_that_came_in_behind_a_broken_reading_are_read_after_all(books, legacy, monkeypatch):
    attempt = books.begin(**TABLE).audit()
    original = database_source.DatabaseSource._chunks

    def breaks_off(self, connection, cursor):
        yield next(iter(original(self, connection, cursor)))
        raise OperationalFailure("the network died")

    monkeypatch.setattr(database_source.DatabaseSource, "_chunks", breaks_off)
    with pytest.raises(OperationalFailure):
        attempt.ingest()
    attempt.connection.close()
    monkeypatch.setattr(database_source.DatabaseSource, "_chunks", original)
    legacy.do("INSERT INTO legacy SELECT 0, 'bob', 'world', 1, 'T', 'r0', now()")
    run = books.resume(**TABLE)
    assert (run.status, run.total_read, run.total_posted) == ("completed", 13, 13)
    assert legacy.value(
        "SELECT count(*) FROM trueup.audit_log WHERE event LIKE '%%read once more%%'"
    )


def test_a_crash_that_takes_the_verdicts_leaves_what_was_read(books, api):
    attempt = books.begin(**API, batch_size=4).to_posting()
    attempt.post_one_batch()
    prepared = books.database.value(
        "SELECT tableoid::REGCLASS::TEXT FROM trueup.prepared_entries LIMIT 1"
    )
    books.database.do(f"TRUNCATE {prepared}")
    with pytest.raises(OperationalFailure, match="verdicts of run"):
        attempt.post_one_batch()
    attempt.connection.close()
    api.records, api.asked = [], []
    books.wait_until_nobody_works()
    resumed = books.begin(**API, batch_size=4)
    resumed.ingest().validate().open_posting().post().check_balances().constrain().expect()
    resumed.reconcile().complete()
    assert resumed.row.total_posted == 12
    assert api.asked == []


def test_a_limit_reads_no_further_than_it_must(books, api):
    run = books.backfill(**API, limit=7)
    assert (run.total_read, run.total_posted) == (7, 7)
    assert [asked.get("cursor") for asked in api.asked] == [None, None, "5"]


def test_an_api_that_has_nothing_is_refused(books, api):
    api.records = []
    run = books.backfill(**API)
    assert run.status == "refused"
    assert "no rows" in run.message


def test_another_connection_is_another_source(books, api):
    attempt = books.begin(**API).to_posting()
    attempt.post_one_batch()
    attempt.connection.close()
    books.wait_until_nobody_works()
    books.endpoints["other"] = api.endpoint(connection_id="other")
    with pytest.raises(Refused, match="source_connection"):
        books.begin(**API | {"source_connection": "other"})
