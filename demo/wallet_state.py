"""Fills empty wallet tables: the state that the report published before its run, or more users.

By hand, into a database that has the wallet's schema:

    python -m demo.wallet_state URL                  # the published state, to the coin
    python -m demo.wallet_state URL --users 100000   # so many users, most without a wallet

The same numbers always give the same rows. demo/wallet_state.sql says what is wrong with them.
"""

import argparse
from pathlib import Path

import psycopg
from psycopg import ClientCursor, Connection

STATEMENTS = Path(__file__).with_suffix(".sql")
# As published: what users own, what their wallets hold, and how many there are.
USERS, WALLETS, TRANSACTIONS = 196, 87, 97
COINS, BALANCE = 525_357, 177_067
# Coins less wallet of three users who have one.
_MOVED = (-10, 8, 3)
# 109 users drift: these three, and 106 of the 109 who have no wallet.
_PENNILESS = 3


def fill_published(connection: Connection) -> None:
    """Fill the tables with the published state before the run."""
    _fill(
        connection,
        users=USERS,
        wallets=WALLETS,
        penniless=_PENNILESS,
        balance=BALANCE,
        unbacked=COINS - BALANCE - sum(_MOVED),
        drifting=len(_MOVED),
        unsettled=TRANSACTIONS - WALLETS - len(_MOVED),
    )


def fill(connection: Connection, users: int, wallets: int = 0) -> None:
    """Fill the tables with any number of users; all but `wallets` of them have no wallet."""
    _fill(
        connection,
        users=users,
        wallets=wallets,
        penniless=0,
        balance=wallets * 2_000,
        unbacked=(users - wallets) * 1_000,
        drifting=0,
        unsettled=0,
    )


def _fill(connection: Connection, **values: int) -> None:
    # Several statements with values in one text: only a cursor that binds on our side sends that.
    with connection.transaction(), ClientCursor(connection) as cursor:
        cursor.execute(STATEMENTS.read_text(encoding="utf-8"), values)


def main() -> None:
    """Read the arguments and fill the wallet tables that they name."""
    parser = argparse.ArgumentParser(description="Fill empty wallet tables.")
    parser.add_argument("url", help="libpq's address of a database with the wallet's tables")
    parser.add_argument("--users", type=int, help="default: the published state")
    parser.add_argument("--wallets", type=int, default=0, help="how many users have a wallet")
    asked = parser.parse_args()
    with psycopg.connect(asked.url, autocommit=True) as connection:
        if asked.users is None:
            fill_published(connection)
        else:
            fill(connection, asked.users, asked.wallets)
    print(f"{asked.users or USERS:,} users were written.")


if __name__ == "__main__":
    main()
