"""How rows that lie in the books' own database come into staging: set-based, in one statement."""

from typing import Any

from psycopg import Connection, sql

from trueup import statements
from trueup.journal import Run


def derive(connection: Connection, run: Run) -> str:
    """Stage the rows of a source that the plan derives, and give the hash of what they say.

    In one transaction: it is there whole or not at all. Its staging is logged, for the books may be
    others the next time. Raises psycopg.Error when the source cannot be read.
    """
    with connection.transaction():
        statements.execute(connection, _sql(run, "ingest/create_kept_staging"), run_id=run.run_id)
        stage(connection, run)
        statements.execute(connection, _sql(run, "ingest/key_staging"), run_id=run.run_id)
        return statements.fetch_one(
            connection, _sql(run, "ingest/hash_staged"), run_id=run.run_id
        ).content_hash


def stage(connection: Connection, run: Run, **values: Any) -> int:
    """Run the statement that stages a derived source, and give how many rows it brought."""
    statement = sql.SQL(statements.text(_sql(run, f"derive/stage_{run.plan.derives}")))
    return connection.execute(
        statement.format(**_identifiers(run)),
        {"run_id": run.run_id, "source": run.plan.source, **values},
    ).rowcount


def _identifiers(run: Run) -> dict[str, sql.Identifier]:
    return {
        "source": sql.Identifier(*run.plan.source.split(".")),
        "key": sql.Identifier(run.plan.key_column),
    }


def _sql(run: Run, name: str) -> str:
    return f"{run.system.name}/{name}"
