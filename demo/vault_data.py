"""Fills an empty vault with users, deposits, locks and withdrawals of three years (2023 to 2025).

By hand, into a database that has the vault's schema:

    python -m demo.vault_data URL --users 1000 --deposits 100000

The same numbers always give the same rows. With oddities there are some deposits more, each with
something wrong: demo/vault_data.sql names them.
"""

import argparse
from pathlib import Path

import psycopg
from psycopg import ClientCursor, Connection

STATEMENTS = Path(__file__).with_suffix(".sql")


def fill(connection: Connection, users: int, deposits: int, oddities: bool = True) -> None:
    """Fill an empty vault, in one transaction; raises psycopg.Error when it is not empty."""
    values = {"users": users, "deposits": deposits, "oddities": oddities}
    # Several statements with values in one text: only a cursor that binds on our side sends that.
    with connection.transaction(), ClientCursor(connection) as cursor:
        cursor.execute(STATEMENTS.read_text(encoding="utf-8"), values)


def main() -> None:
    """Read the arguments and fill the vault that they name."""
    parser = argparse.ArgumentParser(description="Fill an empty vault with realistic data.")
    parser.add_argument("url", help="libpq's address of a database with the vault's tables")
    parser.add_argument("--users", type=int, default=1_000)
    parser.add_argument("--deposits", type=int, default=10_000)
    parser.add_argument("--no-oddities", action="store_true", help="only what is in order")
    asked = parser.parse_args()
    with psycopg.connect(asked.url, autocommit=True) as connection:
        fill(connection, asked.users, asked.deposits, not asked.no_oddities)
    print(f"{asked.users:,} users and {asked.deposits:,} deposits were written.")


if __name__ == "__main__":
    main()
