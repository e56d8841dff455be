"""Waits until every part of our Airflow is healthy: airflow_health.py SECONDS PORT ROOM.

Exits 1 when it is not in time. It asks the API on PORT of this machine, and believes the answer
only while something works in ROOM: a neighbour's Airflow may have taken the port.
"""

import json
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

PARTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")
ask = build_opener(ProxyHandler({})).open


def somebody_works_in(room: Path) -> bool:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if room.samefile(process / "cwd"):
                return True
        except OSError:  # it ended meanwhile, or is another user's
            continue
    return False


def is_healthy(port: int) -> bool:
    try:
        with ask(f"http://127.0.0.1:{port}/api/v2/monitor/health", timeout=5) as answer:
            health = json.load(answer)
    except (URLError, OSError, ValueError):
        return False
    return all(health.get(part, {}).get("status") == "healthy" for part in PARTS)


def main(seconds: float, port: int, room: Path) -> int:
    deadline = time.monotonic() + seconds
    while somebody_works_in(room):
        if is_healthy(port):
            return 0
        if time.monotonic() >= deadline:
            break
        time.sleep(0.5)
    return 1


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
