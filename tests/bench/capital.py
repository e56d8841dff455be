"""Measures a capital migration beside a bare INSERT … SELECT of the same rows, and its cutover.

    bin/with-server bin/bench capital --movements 1000000

Every figure is of one database and one run of this program, durably:

- run: each stage by the clock, two workers posting, from the audit to the cutover, without the
  backup (a copy of the whole database, as fast as the disk) and without the Great Expectations
  suite;
- floor: three INSERT … SELECT in one transaction, of the very rows that posting wrote (loans,
  payments, movements), out of plain copies of them and into tables made LIKE those that it wrote
  into, INCLUDING ALL, at the moment when it began: the same keys, indexes and defaults, no trigger,
  and no rule that comes later. Both have just been checkpointed;
- ratio: seconds of the floor by those of the run: by posting alone, and by the whole chain;
- state hash: movements a second; the better of two, for the first one warms the cache;
- a writer's longest wait: another session, with a role of its own, inserts, updates and deletes all
  the time, each transaction timed by its own clock; the longest of those that were under way at
  some moment of the opening, of the cutover, of the way back. It rests while posting and floor are
  timed.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from demo import juntas as history

import juntas as hand
from bench import floors
from databases import Server
from juntas import Writer
from runs import Attempt, Books
from trueup import fingerprints, migrations
from trueup.systems import CAPITAL

ASKED_RATIO = 0.4
ASKED_WAIT = 1.0
MOVEMENTS_A_JUNTA = 1_000

_LIKE = """
    CREATE TABLE floor_loans (LIKE "PrestamoNew" INCLUDING ALL);
    CREATE TABLE floor_payments (LIKE "PagoPrestamoNew" INCLUDING ALL);
    CREATE TABLE floor_movements (LIKE capital_movements INCLUDING ALL);
"""
_KEEP = """
    CREATE TABLE kept_loans AS SELECT * FROM "PrestamoNew";
    CREATE TABLE kept_payments AS SELECT * FROM "PagoPrestamoNew";
    CREATE TABLE kept_movements AS SELECT * FROM capital_movements;
    ANALYZE kept_loans, kept_payments, kept_movements;
"""
_FLOOR = (
    "INSERT INTO floor_loans SELECT * FROM kept_loans",
    "INSERT INTO floor_payments SELECT * FROM kept_payments",
    "INSERT INTO floor_movements OVERRIDING SYSTEM VALUE SELECT * FROM kept_movements",
)
_FORGET = """
    DROP TABLE floor_loans, floor_payments, floor_movements, kept_loans, kept_payments,
        kept_movements
"""


def main() -> None:
    """Fill, migrate, insert the same once more, cut over, go back; print what it took."""
    parser = argparse.ArgumentParser(prog="bench capital", description=__doc__.splitlines()[0])
    parser.add_argument("--movements", type=int, default=1_000_000)
    parser.add_argument("--batch-size", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=2, help="ranges that are posted at once")
    parser.add_argument(
        "--server", default=os.environ.get("TRUEUP_TEST_SERVER"), help="libpq's address of a server"
    )
    asked = parser.parse_args()
    with (
        closing(Server(asked.server, None, durable=True)) as server,
        hand.plain_role(server) as role,
        tempfile.TemporaryDirectory() as folder,
    ):
        Bench(server, Path(folder), role, asked.movements, asked.batch_size, asked.workers).run()


class Bench:
    """One database, one migration, and one writer beside it."""

    def __init__(
        self,
        server: Server,
        folder: Path,
        role: str,
        movements: int,
        batch_size: int,
        workers: int,
    ) -> None:
        self._movements = movements
        self._workers = workers
        self._role = role
        self._database = server.create()
        with closing(self._database.connect()) as connection:
            migrations.migrate(connection, CAPITAL)
        filling = timed(self._fill)
        self._say("generator", filling, movements)
        hand.grant(self._database, role)
        asked = {"source": "history", "source_type": "HISTORY", "batch_size": batch_size}
        asked["parallel_workers"] = workers
        self._books = Books(self._database, folder, asked, system=CAPITAL)

    def run(self) -> None:
        """All of it, in the order in which a migration goes."""
        attempt = self._books.begin()
        took = {stage: timed(getattr(attempt, stage)) for stage in ("audit", "ingest", "validate")}
        took["open_posting"], at_opening = self._beside_a_writer(attempt.open_posting)
        self._owner(_LIKE)
        floors.settle(self._database)
        took["post"] = timed(lambda: self._post(attempt))
        for stage in ("catch_up", "check_balances", "constrain", "expect", "reconcile"):
            took[stage] = timed(getattr(attempt, stage))
        floor = self._floor()
        hashing = self._hash(attempt)
        took["cut_over"], at_cutover = self._beside_a_writer(attempt.cut_over)
        attempt.complete()
        assert hand.stored(self._database) == hand.total(hand.due(self._database))
        back, at_way_back = self._beside_a_writer(attempt.roll_back)
        assert attempt.row.state_hash_after == attempt.row.state_hash_before

        for stage, seconds in took.items():
            print(f"  {stage:<24}{seconds:8.2f} s")
        whole = sum(took.values())
        self._say("run", whole, self._movements)
        self._say("floor", floor, self._movements)
        self._say("state hash", hashing, self._movements)
        self._say("way back, with proof", back, self._movements)
        print(f"ratio of posting alone    {floor / took['post']:8.2f}   (asked: {ASKED_RATIO})")
        print(f"ratio of the whole chain  {floor / whole:8.2f}")
        for when, seconds in (
            ("opening", at_opening), ("cutover", at_cutover), ("way back", at_way_back),
        ):  # fmt: skip
            told = f"   (asked: below {ASKED_WAIT})" if when == "cutover" else ""
            print(f"longest wait of a writer, {when:<12}{seconds * 1000:6.0f} ms{told}")

    def _post(self, attempt: Attempt) -> None:
        with ThreadPoolExecutor(self._workers) as pool:
            list(pool.map(attempt.post, range(self._workers)))

    def _fill(self) -> None:
        juntas = max(1, self._movements // MOVEMENTS_A_JUNTA)
        with closing(psycopg.connect(self._database.conninfo, autocommit=True)) as connection:
            history.fill(connection, juntas, self._movements, above=max(1, juntas // 10))
            connection.execute("VACUUM ANALYZE")

    def _beside_a_writer(self, step: Callable[[], Any]) -> tuple[float, float]:
        """Take a step; gives what it took and the longest that a writer's transaction took."""
        writer = Writer(self._database, self._role, 0, writers=100).start()
        writer.wrote(50)
        began = time.monotonic()
        step()
        ended = time.monotonic()
        writer.wrote(50)
        writer.stop()
        assert not writer.errors, writer.errors
        return ended - began, writer.longest(since=began, until=ended)

    def _floor(self) -> float:
        self._owner(_KEEP)
        floors.settle(self._database)
        with closing(psycopg.connect(self._database.conninfo)) as connection:
            began = time.perf_counter()
            for statement in _FLOOR:
                connection.execute(statement)
            connection.commit()
            took = time.perf_counter() - began
        booked, again = self._database.row(
            "SELECT (SELECT count(*) FROM capital_movements) AS booked, "
            "(SELECT count(*) FROM floor_movements) AS again"
        )
        assert booked == again >= self._movements, (booked, again)
        self._owner(_FORGET)
        return took

    def _hash(self, attempt: Attempt) -> float:
        run = attempt.run()
        with closing(self._database.connect("bench")) as connection:

            def take() -> None:
                fingerprints.of_state(
                    connection, "capital", run.run_id, run.row.high_water_entry_id
                )

            return min(timed(take), timed(take))

    def _owner(self, statements: str) -> None:
        with closing(psycopg.connect(self._database.conninfo, autocommit=True)) as owner:
            owner.execute(statements)

    @staticmethod
    def _say(what: str, seconds: float, movements: int) -> None:
        print(f"{what:<24}{seconds:8.1f} s {movements / seconds:12,.0f} movements/s")


def timed(step: Callable[[], Any]) -> float:
    """Seconds that a step takes."""
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
