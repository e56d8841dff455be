"""One worker's process: it does what a task does, and tells its times and its peak of memory."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from databases import Database
from runs import Attempt, Books
from trueup import journal, opening
from trueup.journal import Run
from trueup.sources import files
from trueup.stages import expect, post, report


def main(what: str, conninfo: str, folder: str, given: str) -> dict[str, Any]:
    """Do one part of a run and give what is to be told of it."""
    os.environ["TRUEUP_SOURCE_ROOTS"] = folder
    opening.GRACE_SECONDS = 0.0
    books = Books(Database("bench", conninfo, conninfo), Path(folder))
    told = {"run": _run, "post": _post, "whole": _run_whole}[what](books, json.loads(given))
    return told | {"peak_memory_mb": _peak_memory_mb()}


def _peak_memory_mb() -> float:
    """The most memory that this process ever held. getrusage would not do: it begins with what the
    process that started this one held at that moment."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (kilobytes,) = re.findall(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)
    return round(int(kilobytes) / 1024, 1)


def _run(books: Books, params: dict[str, Any]) -> dict[str, Any]:
    """Run a backfill from its file to its reconciled balances; ranges beyond one post apart."""
    stages: dict[str, float] = {}
    started = last = time.perf_counter()

    def done(stage: str) -> None:
        nonlocal last
        stages[stage], last = time.perf_counter() - last, time.perf_counter()

    attempt = books.begin("entries.csv", **params)
    for stage in ("audit", "ingest", "validate", "open_posting"):
        getattr(attempt, stage)()
        done(stage)
    _post_ranges(attempt, books.folder)
    done("post")
    for stage in ("check_balances", "constrain"):
        getattr(attempt, stage)()
        done(stage)
    attempt.expect()
    attempt.reconcile()
    done("reconcile")
    seconds = time.perf_counter() - started
    attempt.complete()
    return {"seconds": seconds, "stages": stages, "run_id": attempt.run_id}


def _run_whole(books: Books, given: dict[str, Any]) -> dict[str, Any]:
    """Do all that the DAG does, expectations and report too."""
    reports = Path(given.pop("reports"))
    started = time.perf_counter()
    attempt = books.begin(given.pop("source"), **given).to_posted().check_balances().constrain()
    expect.expect(
        attempt.connection, attempt.expect().run(), books.database.conninfo, reports / "data_docs"
    )
    attempt.reconcile().complete()
    report.report(attempt.connection, attempt.run(), reports)
    return {"seconds": time.perf_counter() - started}


def _post_ranges(attempt: Attempt, folder: Path) -> None:
    """Post the first range here and every other one in a process of its own, as mapped tasks do."""
    run = attempt.run()
    ranges = journal.ranges(attempt.connection, run)
    others = [
        start("post", attempt.database.conninfo, folder, {"run_id": run.run_id, "range_no": number})
        for number in range(1, len(ranges))
    ]
    attempt.post(0)
    for process in others:
        finish(process)


def _post(books: Books, given: dict[str, Any]) -> dict[str, Any]:
    connection = books.database.connect("worker")
    run: Run = journal.read_run(connection, given["run_id"])
    post.post(
        lambda: books.database.connect("worker"), run, given["range_no"], files.locate(run.plan)
    )
    return {}


def start(what: str, conninfo: str, folder: Path, given: dict[str, Any]) -> Any:
    """Start a worker in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "bench.worker", what, conninfo, str(folder), json.dumps(given)],
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(process: Any) -> dict[str, Any]:
    """Wait for a worker and give what it tells."""
    told, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"A worker of the bench failed with status {process.returncode}.")
    return json.loads(told.splitlines()[-1])


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
