"""A system's own statements: those that it has, and those that its declaration leaves out.

A stage asks for a step and is told what came of it. A step that the system is without is passed
over: nothing is found, nothing is changed.
"""

from typing import Any

from psycopg import Connection

from trueup import statements
from trueup.journal import Run


def execute(connection: Connection, run: Run, name: str, /, **values: Any) -> None:
    """Take a step."""
    if run.system.has(name):
        statements.execute(connection, _sql(run, name), **values)


def fetch_one(connection: Connection, run: Run, name: str, /, **values: Any) -> Any:
    """The first row that a step gives, or None."""
    if not run.system.has(name):
        return None
    return statements.fetch_one(connection, _sql(run, name), **values)


def fetch_all(connection: Connection, run: Run, name: str, /, **values: Any) -> list[Any]:
    """All rows that a step gives."""
    if not run.system.has(name):
        return []
    return statements.fetch_all(connection, _sql(run, name), **values)


def _sql(run: Run, name: str) -> str:
    return f"{run.system.name}/{name}"
