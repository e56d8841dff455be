"""Wallets for every test: the deployed schema, bare or filled with the published state."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from demo import wallet_state

from databases import Database, Server
from trueup import migrations
from trueup.systems import WALLET


def _template(server: Server) -> Database:
    database = server.create()
    with closing(database.connect()) as connection:
        migrations.migrate(connection, WALLET)
    return database


@pytest.fixture(scope="session")
def wallet_template(server: Server) -> Database:
    """The wallet's tables without a row. Nobody is connected to it."""
    return _template(server)


@pytest.fixture(scope="session")
def published_template(server: Server) -> Database:
    """The state that the report published before its run. Nobody is connected to it."""
    database = _template(server)
    with closing(psycopg.connect(database.conninfo, autocommit=True)) as connection:
        wallet_state.fill_published(connection)
    return database


@pytest.fixture
def wallets(server: Server, wallet_template: Database) -> Iterator[Database]:
    """Wallets without anybody who has one."""
    clone = server.create(wallet_template)
    yield clone
    server.drop(clone)


@pytest.fixture
def published(server: Server, published_template: Database) -> Iterator[Database]:
    """The published state, a database of the test's own."""
    clone = server.create(published_template)
    yield clone
    server.drop(clone)
