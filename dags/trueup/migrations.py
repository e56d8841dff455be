"""Brings a database up to the bundle's schema: what is missing is created, what differs is refused.

`python -m trueup.migrations ledger` does it by hand, with the connection that
AIRFLOW_CONN_LEDGER_DB names; every audit does it too.
"""

import hashlib
import os
import sys
from collections.abc import Iterable

import psycopg
from psycopg import Connection
from sqlalchemy import Inspector, create_engine, inspect
from sqlalchemy.dialects import postgresql
from sqlalchemy.pool import NullPool

from trueup import statements, systems
from trueup.errors import Refused, TrueupError
from trueup.sources.reference_files import read_currencies
from trueup.systems import System


def migrate(connection: Connection, system: System) -> list[str]:
    """Apply what is missing, in one transaction, and give the names of what was applied.

    Raises Refused when a migration that was applied has changed since, or when this role may not
    create what is missing.
    """
    try:
        with connection.transaction():
            statements.execute(connection, "trueup/migrations/lock_migrations")
            applied = _applied(connection)
            pending = [*_pending_schema(system, applied), *_pending_replaceable(system, applied)]
            for name in pending:
                _apply(connection, name)
                statements.execute(
                    connection,
                    "trueup/migrations/record_migration",
                    name=name,
                    checksum=_checksum(name),
                )
            if pending:
                _load_currencies(connection)
    except psycopg.errors.InsufficientPrivilege as error:
        raise Refused(
            f"This role may not create what is missing in {connection.info.dbname}: "
            f"{str(error).splitlines()[0]}. Let an owner run `python -m trueup.migrations "
            f"{system.name}` once, or grant the role what the README lists."
        ) from error
    return pending


def _apply(connection: Connection, name: str) -> None:
    try:
        statements.execute_script(connection, name)
    except psycopg.errors.InsufficientPrivilege:
        raise
    except psycopg.ProgrammingError as error:
        detail = f" ({error.diag.message_detail})" if error.diag.message_detail else ""
        raise Refused(
            f"What stands in {connection.info.dbname} is not as {name} needs it, and nothing is "
            f"altered in silence: {error.diag.message_primary}{detail}"
        ) from error


def adopt(connection: Connection, conninfo: str, system: System) -> list[str]:
    """Bring a database up to the bundle's schema, and give the names of what was applied.

    Raises Refused, with the difference, when a table is not as the engine needs it: before, lest
    anything be created beside it, and after.
    """
    check_tables(conninfo, system, migrated=False)
    applied = migrate(connection, system)
    check_tables(conninfo, system)
    return applied


def check_tables(conninfo: str, system: System, migrated: bool = True, keyed: bool = True) -> None:
    """Raise Refused, with the difference, when a table is not as the engine needs it.

    Before a migration only what stands is looked at: nothing is created beside what differs.
    Unless `keyed`, a table may lack the unique key that it will get.
    """
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo), poolclass=NullPool
    )
    inspector = inspect(engine)
    differences = [
        difference
        for table, wanted in system.tables.items()
        if migrated or inspector.has_table(table)
        for difference in _column_differences(inspector, table, wanted, migrated)
    ] + [
        f"{table} has no unique key on ({', '.join(columns)})"
        for table, columns in system.unique_keys
        if keyed
        and (migrated or inspector.has_table(table))
        and not _is_unique(inspector, table, columns)
        and not _is_bare(conninfo, table)
    ]
    engine.dispose()
    if differences:
        raise Refused(
            "The tables that stand are not as they must be, and nothing is altered in silence: "
            f"{'; '.join(differences)}."
        )


def _column_differences(
    inspector: Inspector, table: str, wanted: dict[str, str], migrated: bool
) -> Iterable[str]:
    dialect = postgresql.dialect()
    found = {
        column["name"]: column["type"].compile(dialect).lower()
        for column in inspector.get_columns(table)
    }
    for name, type_name in wanted.items():
        if name not in found:
            if migrated:
                yield f"{table}.{name} is missing"
        # A collation is part of what SQLAlchemy prints; it orders, it does not change the type.
        elif (stands := found[name].split(" collate ")[0]) != type_name:
            yield f"{table}.{name} is {stands}, not {type_name}"


def _is_unique(inspector: Inspector, table: str, columns: tuple[str, ...]) -> bool:
    keys = [inspector.get_pk_constraint(table)["constrained_columns"]]
    keys += [key["column_names"] for key in inspector.get_unique_constraints(table)]
    return any(set(key) == set(columns) for key in keys)


def _is_bare(conninfo: str, table: str) -> bool:
    """Whether a run that broke off in the initial regime has the table's keys in keeping."""
    with statements.connect(conninfo, "audit") as connection:
        return statements.fetch_one(connection, "trueup/regime/is_bare", tables=[table]).bare


def _applied(connection: Connection) -> dict[str, str]:
    if not statements.fetch_one(connection, "trueup/migrations/find_journal").found:
        return {}
    rows = statements.fetch_all(connection, "trueup/migrations/list_migrations")
    return {row.name: row.checksum for row in rows}


def _pending_schema(system: System, applied: dict[str, str]) -> Iterable[str]:
    for folder in ("trueup/schema", f"{system.name}/schema"):
        for name in _names(folder, "*.up.sql"):
            if name not in applied:
                yield name
            elif applied[name] != _checksum(name):
                raise Refused(
                    f"Migration {name} was changed after it was applied. "
                    "Restore it, and put the change into a new migration."
                )


def _pending_replaceable(system: System, applied: dict[str, str]) -> Iterable[str]:
    """Functions and views are replaced whenever their text has changed."""
    for kind in ("functions", "views"):
        for folder in (f"trueup/{kind}", f"{system.name}/{kind}"):
            for name in _names(folder, "*.sql"):
                if applied.get(name) != _checksum(name):
                    yield name


def _names(folder: str, pattern: str) -> list[str]:
    root = statements.SQL_FOLDER
    return [
        path.relative_to(root).as_posix().removesuffix(".sql")
        for path in sorted((root / folder).glob(pattern))
    ]


def _checksum(name: str) -> str:
    return hashlib.sha256(statements.text(name).encode()).hexdigest()


def _load_currencies(connection: Connection) -> None:
    statements.execute(connection, "trueup/migrations/delete_currencies")
    statements.execute_each(
        connection,
        "trueup/migrations/insert_currency",
        [currency._asdict() for currency in read_currencies()],
    )


def main(names: list[str]) -> None:
    """Migrate the databases of the systems named; exits with a sentence when one is refused."""
    for name in names:
        system = systems.named(name)
        variable = f"AIRFLOW_CONN_{system.connection_id.upper()}"
        try:
            with statements.connect(os.environ[variable], "migrations") as connection:
                check_tables(os.environ[variable], system, migrated=False)
                applied = migrate(connection, system)
        except KeyError:
            sys.exit(f"{variable} is not set: it names the database of {name}.")
        except (TrueupError, psycopg.Error) as error:
            sys.exit(f"The database of {name} could not be brought up to date: {error}")
        print(f"{name}: {len(applied)} migrations applied", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
