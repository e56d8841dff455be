"""Juntas for every test: the app's tables as deployed, bare or with a history."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from demo import juntas as history

import juntas as hand
from databases import Database, Server
from runs import Books
from trueup import batches, migrations, opening
from trueup.systems import CAPITAL

ASKED = {"source": "history", "source_type": "HISTORY"}


@pytest.fixture(scope="session")
def capital_template(server: Server) -> Database:
    """The app's tables without a row. Nobody is connected to it."""
    database = server.create()
    with closing(database.connect()) as connection:
        migrations.migrate(connection, CAPITAL)
    return database


@pytest.fixture(scope="session")
def history_template(server: Server, capital_template: Database) -> Database:
    """Four juntas with 600 movements; two loans exceeded what their junta had."""
    database = server.create(capital_template)
    with closing(psycopg.connect(database.conninfo, autocommit=True)) as connection:
        history.fill(connection, juntas=4, movements=600, above=2)
    return database


@pytest.fixture
def juntas(server: Server, history_template: Database) -> Iterator[Database]:
    """Juntas with a history, in a database of the test's own."""
    clone = server.create(history_template)
    yield clone
    server.drop(clone)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the dead, and batches stay as large as they are asked for."""
    monkeypatch.setattr(opening, "GRACE_SECONDS", 0.0)
    monkeypatch.setattr(batches, "GROWTH", 1.0)


@pytest.fixture
def books(juntas: Database, source_root: Path, quick: None) -> Books:
    """Migrations of juntas with a history."""
    return Books(juntas, source_root, ASKED, system=CAPITAL)


@pytest.fixture
def role(server: Server, juntas: Database) -> Iterator[str]:
    """The role that the app writes as; it knows nothing of a migration."""
    with hand.plain_role(server) as name:
        hand.grant(juntas, name)
        yield name
