"""A vault for every test: the schema as it is deployed, and a database of the test's own."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from databases import Database, Server
from trueup import statements
from vaults import Vault

SCHEMA = sorted((statements.SQL_FOLDER / "vesting" / "schema").glob("*.up.sql"))


@pytest.fixture(scope="session")
def vault_template(server: Server) -> Database:
    """The vault's tables without a row. Nobody is connected to it."""
    database = server.create()
    with closing(database.connect()) as connection:
        for path in SCHEMA:
            statements.execute_script(connection, f"vesting/schema/{path.stem}")
    return database


@pytest.fixture
def vault(server: Server, vault_template: Database) -> Iterator[Vault]:
    """A vault without anybody in it."""
    clone = server.create(vault_template)
    yield Vault(clone)
    server.drop(clone)
