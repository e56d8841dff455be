"""Another session that posts single entries at a steady rate while a backfill posts."""

import json
import random
import sys
import time
from collections.abc import Callable

import psycopg

from bench import data

RATE = 500


def post_steadily(conninfo: str, goes_on: Callable[[psycopg.Connection], bool]) -> list[float]:
    """Post until the run posts no more; latencies in ms, counted from the moment it was due."""
    chance = random.Random(11)
    latencies: list[float] = []
    with psycopg.connect(conninfo, autocommit=True, application_name="poster") as connection:
        started = time.perf_counter()
        while True:
            if len(latencies) % RATE == 0 and not goes_on(connection):
                return latencies
            due = started + len(latencies) / RATE
            time.sleep(max(0.0, due - time.perf_counter()))
            debit, credit = data.pick(chance), data.pick(chance)
            connection.execute(
                "SELECT post_ledger_entry('MASTER', %s, %s, 1.00, 'USD', 'fiat', 'LIVE', %s)",
                (
                    data.account(debit),
                    data.account(credit if credit != debit else (credit + 1) % data.ACCOUNTS),
                    f"live-{len(latencies)}",
                ),
            )
            latencies.append((time.perf_counter() - due) * 1000)


def main(conninfo: str) -> dict[str, float]:
    """Wait for a run that posts, post beside it, and give the latencies' shape."""

    def posting(connection: psycopg.Connection) -> bool:
        return bool(
            connection.execute("SELECT 1 FROM trueup.runs WHERE status = 'posting'").fetchone()
        )

    with psycopg.connect(conninfo, autocommit=True, application_name="poster") as connection:
        while not connection.execute("SELECT 1 FROM trueup.run_ranges").fetchone():
            time.sleep(0.02)
    latencies = sorted(post_steadily(conninfo, posting))
    last = len(latencies) - 1
    return {
        "posted": len(latencies),
        "p50": latencies[last // 2],
        "p99": latencies[last * 99 // 100],
        "max": latencies[last],
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
