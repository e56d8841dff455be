"""Adds juntas to the tables of the app: members, acciones, multas, loans and their instalments.

By hand, into a database that has the app's tables:

    python -m demo.juntas URL --juntas 12 --movements 5000
    python -m demo.juntas URL --dirt negative --dirt fraction

The same numbers always give the same rows; another seed adds other juntas beside them. Dirty rows
are each of a kind that a migration must name: demo/juntas.sql says which.
"""

import argparse
from collections.abc import Collection
from pathlib import Path

import psycopg
from psycopg import ClientCursor, Connection

STATEMENTS = Path(__file__).with_suffix(".sql")
# What may be wrong with a row, and how many rows have it once it is asked for.
DIRT = {"fraction": 4, "negative": 4, "missing": 4, "infinite": 4, "unknown": 2, "orphan": 4}


def fill(
    connection: Connection,
    juntas: int = 12,
    movements: int = 5_000,
    *,
    seed: int = 1,
    members: int = 20,
    above: int = 0,
    dirt: Collection[str] = (),
) -> None:
    """Add so many juntas with so many movements in all, in one transaction.

    above: loans that exceed what their junta had at that hour; the junta allowed them all the same
    dirt: the kinds of wrong rows that come on top; those make no movement

    Raises ValueError for numbers that do not go together and for an unknown kind of dirt,
    psycopg.Error when these rows stand already.
    """
    if unknown := set(dirt) - set(DIRT):
        raise ValueError(f"There is no dirt of the kind {', '.join(sorted(unknown))}.")
    if movements < 20 * juntas or juntas < max(1, above) or not 0 < members < 1000:
        raise ValueError(
            "A junta has 1 to 999 members, 20 movements or more, and one loan above its capital."
        )
    values = {
        "seed": seed, "juntas": juntas, "movements": movements, "members": members,
        "above": above, "dirt": sorted(dirt),
    }  # fmt: skip
    # Several statements with values in one text: only a cursor that binds on our side sends that.
    with connection.transaction(), ClientCursor(connection) as cursor:
        cursor.execute(STATEMENTS.read_text(encoding="utf-8"), values)


def main() -> None:
    """Read the arguments and fill the database that they name."""
    parser = argparse.ArgumentParser(description="Add juntas to the tables of the app.")
    parser.add_argument("url", help="libpq's address of a database with the app's tables")
    parser.add_argument("--juntas", type=int, default=12)
    parser.add_argument("--movements", type=int, default=5_000)
    parser.add_argument("--members", type=int, default=20, help="of each junta")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--above", type=int, default=0, help="loans above the capital")
    parser.add_argument("--dirt", action="append", choices=sorted(DIRT), default=[])
    asked = parser.parse_args()
    with psycopg.connect(asked.url, autocommit=True) as connection:
        fill(
            connection, asked.juntas, asked.movements, seed=asked.seed, members=asked.members,
            above=asked.above, dirt=asked.dirt,
        )  # fmt: skip
    print(f"{asked.juntas:,} juntas with {asked.movements:,} movements were written.")


if __name__ == "__main__":
    main()
