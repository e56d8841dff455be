"""A table or query of another database as a source: exact texts, whole keys, a bound."""

from contextlib import closing

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from trueup.errors import Refused, Transient
from trueup.sources import database as module
from trueup.sources.database import DatabaseSource
from trueup.sources.endpoints import Endpoint
from trueup.sources.mapping import Mapping

CREATE = """
    CREATE TABLE legacy (
        id INTEGER, debit_account_id TEXT, credit_account_id TEXT, amount NUMERIC(30, 10),
        transaction_type TEXT, timestamp_utc TIMESTAMPTZ, metadata JSONB
    )
"""
INSERT = """
    INSERT INTO legacy
    SELECT n, 'a', 'b', n + 0.1, 'PAY', TIMESTAMPTZ '2020-01-01 01:00+01', '{"rate": 1.10}'
    FROM generate_series(%s::INT, %s::INT) AS n
"""


@pytest.fixture
def legacy(database, monkeypatch):
    monkeypatch.setattr(module, "_ROWS_PER_PART", 3)
    database.do(CREATE)
    database.do("GRANT ALL ON legacy TO PUBLIC")
    database.do(INSERT, 1, 7)
    return database


def endpoint(database, **words) -> Endpoint:
    parts = conninfo_to_dict(database.conninfo)
    given = {
        "connection_id": "legacy_bank", "kind": "postgres", "host": parts["host"],
        "port": int(parts["port"]), "login": parts["user"], "password": parts.get("password"),
        "schema": parts["dbname"], "extra": {"trueup_source": True},
    }  # fmt: skip
    return Endpoint(**(given | words))


def source(database, name="legacy", key="id", **words) -> DatabaseSource:
    return DatabaseSource(endpoint(database, **words), name, key, Mapping())


def rows(opened: DatabaseSource, cursor=None, position=1):
    return [row for part in opened.parts(cursor or opened.begin(), position) for row in part.rows]


@pytest.mark.parametrize(
    "name",
    ["legacy", "public.legacy", "SELECT * FROM legacy WHERE 5 % 3 = 2;", "TABLE legacy -- all"],
)
def test_a_table_or_a_query_is_read_in_the_order_of_its_keys(legacy, name):
    found = rows(source(legacy, name))
    assert [row[0] for row in found] == [1, 2, 3, 4, 5, 6, 7]
    assert [row[7] for row in found] == [f"{n}.1000000000" for n in range(1, 8)]
    assert found[0][12:15] == ("2020-01-01 00:00:00+00", None, '{"rate": 1.10}')


def test_a_reading_goes_on_behind_its_last_part(legacy):
    opened = source(legacy)
    first, *_ = opened.parts(opened.begin(), 1)
    assert len(first.rows) == 3
    rest = rows(opened, first.cursor, 4)
    assert [row[0] for row in rest] == [4, 5, 6, 7]


def test_equal_keys_are_never_torn_apart(legacy):
    legacy.do("UPDATE legacy SET id = 3 WHERE id BETWEEN 3 AND 6")
    opened = source(legacy)
    parts = list(opened.parts(opened.begin(), 1))
    assert [len(part.rows) for part in parts] == [6, 1, 0]


def test_rows_without_a_key_are_not_lost(legacy):
    legacy.do("UPDATE legacy SET id = NULL WHERE id IN (2, 7)")
    opened = source(legacy)
    parts = list(opened.parts(opened.begin(), 1))
    assert [len(part.rows) for part in parts] == [3, 2, 2]
    assert parts[-1].cursor["end"]
    assert opened.recount(parts[-1].cursor) == 7


def test_what_comes_behind_the_bound_is_left_to_a_later_run(legacy):
    opened = source(legacy)
    cursor = opened.begin()
    legacy.do(INSERT, 8, 9)
    assert len(rows(opened, cursor)) == 7
    assert opened.recount(cursor) == 7


def test_a_row_that_comes_in_behind_the_cursor_is_counted(legacy):
    opened = source(legacy)
    first, *_ = opened.parts(opened.begin(), 1)
    legacy.do(INSERT, 0, 0)
    assert len(rows(opened, first.cursor)) == 4
    assert opened.recount(first.cursor) == 8


def test_what_changes_while_a_reading_goes_on_is_not_half_seen(legacy):
    opened = source(legacy)
    parts = opened.parts(opened.begin(), 1)
    seen = list(next(parts).rows)
    legacy.do("DELETE FROM legacy WHERE id > 4")
    legacy.do("UPDATE legacy SET amount = 99 WHERE id = 4")
    seen += [row for part in parts for row in part.rows]
    assert [row[7] for row in seen] == [f"{n}.1000000000" for n in range(1, 8)]


def test_an_empty_source_has_no_rows(legacy):
    legacy.do("DELETE FROM legacy")
    assert rows(source(legacy)) == []


@pytest.mark.parametrize(
    ("name", "key", "words"),
    [
        ("nowhere", "id", "does not exist"),
        ("legacy", "nokey", "has no column 'nokey'"),
        ("SELECT 1 AS id", "id", "no column for 'debitAccountId'"),
        ("SELECT * FROM legacy; DROP TABLE legacy", "id", "cannot be read as one query"),
        ('legacy"; DROP TABLE legacy; --', "id", "does not exist"),
        (
            "WITH gone AS (DELETE FROM legacy RETURNING *) SELECT * FROM gone", "id",
            "must be at the top level|read-only",
        ),
        ("SELECT id, debit_account_id, credit_account_id, transaction_type, "
         "amount::FLOAT8 AS amount FROM legacy", "id", "floating-point"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_and_nothing_is_changed(legacy, name, key, words):
    with pytest.raises(Refused, match=words):
        source(legacy, name, key).about()
    assert legacy.value("SELECT count(*) FROM legacy") == 7


# What goes on behind a query's bracket, in a statement of its own.
BEHIND = "SELECT * FROM legacy) AS source LIMIT 0; {}; SELECT 1 FROM (SELECT 1 AS id"


@pytest.mark.parametrize(
    "statements",
    [
        "UPDATE legacy SET amount = 999",
        "SET default_transaction_read_only = off; UPDATE legacy SET amount = 999",
        "SET TRANSACTION READ WRITE; UPDATE legacy SET amount = 999",
        "ROLLBACK; BEGIN READ WRITE; UPDATE legacy SET amount = 999; COMMIT",
        "COMMIT; SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; DELETE FROM legacy; BEGIN",
    ],
)
def test_a_second_statement_is_refused_wherever_a_source_is_asked(legacy, statements):
    legacy.do("GRANT ALL ON legacy TO PUBLIC")
    opened = source(legacy, BEHIND.format(statements))
    cursor = {"last_key": "7"}
    asked = [
        opened.about,
        opened.begin,
        lambda: rows(opened, cursor),
        lambda: opened.recount(cursor),
    ]
    for ask in asked:
        with pytest.raises(Refused, match=r"cannot be read as one query: .*changes nothing"):
            ask()
    assert legacy.value("SELECT count(*) FROM legacy WHERE amount < 999") == 7


@pytest.mark.parametrize(
    "before",
    [
        "",
        "set_config('default_transaction_read_only', 'off', false) = 'off' AND ",
        "set_config('transaction_read_only', 'off', false) = 'off' AND ",
    ],
)
def test_a_query_that_calls_what_writes_is_refused(legacy, before):
    """Whoever owns the other database may have such a function: it writes in one query."""
    legacy.do(
        "CREATE FUNCTION spend() RETURNS INT LANGUAGE plpgsql SECURITY DEFINER AS "
        "'BEGIN UPDATE legacy SET amount = 999; RETURN 1; END'"
    )
    opened = source(legacy, f"SELECT * FROM legacy WHERE {before} spend() = 1")
    cursor = {"last_key": "7"}
    asked = [
        opened.about,
        opened.begin,
        lambda: rows(opened, cursor),
        lambda: opened.recount(cursor),
    ]
    for ask in asked:
        with pytest.raises(
            Refused, match=r"(read-only transaction|before any query)\. A source is"
        ):
            ask()
    assert legacy.value("SELECT count(*) FROM legacy WHERE amount < 999") == 7


def test_a_session_reads_only_in_and_outside_of_transactions(legacy):
    with closing(source(legacy)._connect()) as connection:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("DELETE FROM legacy")
        with connection.transaction(), pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("DELETE FROM legacy")


def test_a_database_that_is_away_is_said_in_words(legacy):
    with pytest.raises(Transient, match="cannot be reached"):
        source(legacy, port=1).about()


def test_a_connection_that_nobody_opened_as_a_source_is_refused(legacy):
    with pytest.raises(Refused, match="not opened as a source"):
        source(legacy, extra={})


def test_the_audit_is_told_of_columns_and_rows(legacy):
    legacy.do("ALTER TABLE legacy ADD COLUMN note TEXT")
    assert source(legacy).about() == {"ignored_columns": ["id", "note"], "source_rows": 7}
