"""A vault for every test: the schema as it is deployed, and a database of the test's own."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from databases import Database, Server
from trueup import migrations
from trueup.systems import VESTING
from vaults import Vault


@pytest.fixture(scope="session")
def vault_template(server: Server) -> Database:
    """The template: the whole schema and no rows. Nobody is connected to it."""
    database = server.create()
    with closing(database.connect()) as connection:
        migrations.migrate(connection, VESTING)
    return database


@pytest.fixture
def vault(server: Server, vault_template: Database) -> Iterator[Vault]:
    """A vault without anybody in it."""
    clone = server.create(vault_template)
    yield Vault(clone)
    server.drop(clone)
