"""Runs every contender over the same rows, prints a table and writes `.trueup/bench.json`."""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict
from rich.console import Console
from rich.table import Table

from bench import data, floors, worker
from bench.data import Source
from databases import Database, Server
from trueup import fingerprints, migrations, posting
from trueup.journal import read_run
from trueup.systems import LEDGER

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / ".trueup" / "bench.json"

# What issue and speed page ask for: contender → (of what, at least).
TARGETS = {
    "post_live_1": ("copy_floor_live", 0.80),
    "trueup_live_1": ("copy_floor_live", 0.65),
    "post_live_2": ("copy_floor_live", 1.15),
    "trueup_initial": ("copy_floor_initial", 0.85),
}
# Loops are slow: fewer rows tell their rate.
LOOP_ROWS = {"loop_commit_per_row": (5_000, 1), "loop_commit_per_1000": (20_000, 1_000)}
SMALL_ROWS = 1_000

FOOTNOTE = """\
trueup_*: from the CSV file to reconciled balances (audit, ingest, validate, posting, balances,
constraints, last index, reconciliation), without the Great Expectations suites; post_*: its posting
alone. Floors: COPY over one connection, nothing checked. outbox is on everywhere.
dag_overhead: `airflow dags test ledger_backfill` over a small source, whole process, less the same
stages (with expectations and report) driven directly."""


class Bench:
    """The contenders of one run of the bench, and what came of them."""

    def __init__(self, server: Server, source: Source, console: Console) -> None:
        self._server = server
        self._source = source
        self._console = console
        self._template = server.create()
        with closing(self._template.connect()) as connection:
            migrations.migrate(connection, LEDGER)
        self.rates: dict[str, float] = {}
        self.told: dict[str, dict[str, Any]] = {}
        self.figures: dict[str, Any] = {}

    def loops(self) -> None:
        """Run a loop through post_ledger_entry, committing often and seldom."""
        for name, (rows, every) in LOOP_ROWS.items():
            self._rate(
                name,
                lambda database, rows=rows, every=every: floors.loop(
                    database, self._source, rows, every
                ),
            )

    def copy_floor_live(self) -> None:
        """Run plain COPY into indexed tables."""
        self._rate("copy_floor_live", lambda database: floors.copy_live(database, self._source))

    def copy_floor_initial(self) -> None:
        """Run plain COPY into bare tables, and build their indexes and constraints."""
        self._rate(
            "copy_floor_initial", lambda database: floors.copy_initial(database, self._source)
        )

    def trueup_live_1(self) -> None:
        """Run Trueup beside others with one worker; reconcile and hash what it left."""
        self._backfill("live_1", regime="live", parallel_workers=1)

    def trueup_live_2(self) -> None:
        """Run Trueup beside others with two workers."""
        self._backfill("live_2", regime="live", parallel_workers=2)

    def trueup_initial(self) -> None:
        """Run Trueup into bare tables, with two workers."""
        self._backfill("initial", regime="initial", parallel_workers=2)

    def poster(self) -> None:
        """Post single entries beside one live worker."""
        database = self._fresh()
        beside = subprocess.Popen(
            [sys.executable, "-m", "bench.poster", database.conninfo],
            stdout=subprocess.PIPE,
            text=True,
        )
        self._run(database, regime="live", parallel_workers=1)
        told = json.loads(beside.communicate()[0])
        self.figures["poster"] = told
        self.figures["poster_p99_ms"] = round(told["p99"], 1)
        self._say(f"poster: p99 {told['p99']:.0f} ms over {told['posted']} entries")
        self._server.drop(database)

    def dag_overhead(self) -> None:
        """Run the DAG over a small source, and the same stages without Airflow."""
        with tempfile.TemporaryDirectory() as folder:
            small = data.generate(Path(folder), min(SMALL_ROWS, self._source.rows))
            params = {
                "source": small.entries.name, "accounts": small.accounts.name, "dry_run": False,
            }  # fmt: skip
            with_airflow, without = self._fresh(), self._fresh()
            environment = {
                **os.environ,
                "TRUEUP_SOURCE_ROOTS": folder,
                "TRUEUP_REPORTS": f"{folder}/reports",
                "AIRFLOW_CONN_LEDGER_DB": _url(with_airflow.conninfo),
            }
            command = ["airflow", "dags", "test", "ledger_backfill", "--conf", json.dumps(params)]
            started = time.perf_counter()
            subprocess.run(command, env=environment, check=True, capture_output=True)
            whole = time.perf_counter() - started
            told = worker.finish(
                worker.start("whole", without.conninfo, Path(folder), params | {"reports": folder})
            )
        self.figures["dag_overhead_seconds"] = round(whole - told["seconds"], 1)
        self._say(f"dag_overhead: {whole:.1f} s, of which the work {told['seconds']:.1f} s")
        for database in (with_airflow, without):
            self._server.drop(database)

    def _backfill(self, name: str, **params: Any) -> None:
        database = self._fresh()
        floors.settle(database)
        told = self._run(database, **params)
        self.told[name] = told
        self.rates[f"trueup_{name}"] = self._source.rows / told["seconds"]
        if name != "initial":
            self.rates[f"post_{name}"] = self._source.rows / told["stages"]["post"]
        stages = ", ".join(f"{stage} {took:.1f}" for stage, took in told["stages"].items())
        self._say(f"trueup_{name}: {self.rates[f'trueup_{name}']:,.0f} rows/s ({stages} s)")
        self._prove(database, told["run_id"])
        if name == "live_1":
            self._look(database, told["run_id"])
        self._server.drop(database)

    def _run(self, database: Database, **params: Any) -> dict[str, Any]:
        asked = {"accounts": self._source.accounts.name, "outbox": True, **params}
        return worker.finish(worker.start("run", database.conninfo, self._source.folder, asked))

    def _prove(self, database: Database, run_id: str) -> None:
        """A contender that did not do all of its work has no figure."""
        run = database.row("SELECT * FROM trueup.runs WHERE run_id = %s", run_id)
        entries = database.value("SELECT count(*) FROM ledger_entries")
        deadlocks = database.value(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
        found = (run.status, run.total_posted, entries, deadlocks)
        if found != ("completed", self._source.rows, self._source.rows, 0):
            raise SystemExit(f"Run {run_id} did not do its work: {found}")

    def _look(self, database: Database, run_id: str) -> None:
        with closing(database.connect("bench")) as connection:
            run = read_run(connection, run_id)
            high_water = run.row.high_water_entry_id
            self.rates["reconcile"] = self._best(lambda: posting.check_balances(connection, run))
            self.rates["state_hash"] = self._best(
                lambda: fingerprints.of_state(connection, "ledger", run_id, high_water)
            )
        self._say(
            f"reconcile: {self.rates['reconcile']:,.0f} entries/s, "
            f"state_hash: {self.rates['state_hash']:,.0f} entries/s"
        )

    def _best(self, step: Callable[[], Any]) -> float:
        """Entries a second; the better of two, for the first one also warms the cache."""
        return self._source.rows / min(_seconds(step), _seconds(step))

    def _rate(self, name: str, contend: Callable[[Database], float]) -> None:
        database = self._fresh()
        self.rates[name] = contend(database)
        self._say(f"{name}: {self.rates[name]:,.0f} rows/s")
        self._server.drop(database)

    def _fresh(self) -> Database:
        return self._server.create(self._template)

    def _say(self, words: str) -> None:
        self._console.print(words, highlight=False)


def show(bench: Bench, console: Console, rows: int) -> None:
    """Print what was reached beside what is asked for."""
    table = Table(title=f"{rows:,} rows", title_justify="left")
    for heading in ("contender", "rows/s", "of", "ratio", "asked", "worker's peak MB"):
        table.add_column(heading, justify="left" if heading in ("contender", "of") else "right")
    for name, rate in bench.rates.items():
        floor, asked = TARGETS.get(name, ("", None))
        told = bench.told.get(name.removeprefix("trueup_"), {})
        ratio = f"{rate / bench.rates[floor]:.2f}" if floor in bench.rates else ""
        table.add_row(
            name, f"{rate:,.0f}", floor, ratio, f"{asked:.2f}" if asked else "",
            str(told.get("peak_memory_mb", "")),
        )  # fmt: skip
    console.print(table)
    loop = bench.rates.get("loop_commit_per_row")
    for name, asked in (("trueup_live_1", 20), ("trueup_initial", 50)):
        if loop and name in bench.rates:
            times = bench.rates[name] / loop
            console.print(f"{name} is {times:.0f} × loop_commit_per_row (asked: {asked})")
    for name in ("poster_p99_ms", "dag_overhead_seconds"):
        if name in bench.figures:
            console.print(f"{name}: {bench.figures[name]}")
    console.print(FOOTNOTE, style="dim", highlight=False)


def write(bench: Bench, rows: int, server: str, path: Path) -> None:
    """Write every figure for programs."""
    peaks = [told["peak_memory_mb"] for told in bench.told.values()]
    path.write_text(
        json.dumps(
            {
                "rows": rows,
                "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "server": server,
                "machine": f"{platform.machine()}, {os.cpu_count()} cores",
                "rows_per_second": {name: round(rate) for name, rate in bench.rates.items()},
                "ratios": {
                    name: round(bench.rates[name] / bench.rates[floor], 3)
                    for name, (floor, _) in TARGETS.items()
                    if name in bench.rates and floor in bench.rates
                },
                "peak_memory_mb": max(peaks) if peaks else None,
                "runs": bench.told,
                **bench.figures,
            },
            indent=2,
        ),
        encoding="utf-8",
    )


def _seconds(step: Callable[[], Any]) -> float:
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


def _url(conninfo: str) -> str:
    """A conninfo as Airflow reads it."""
    words = conninfo_to_dict(conninfo)
    return (
        f"postgresql://{words['user']}:{words['password']}@{words['host']}:{words['port']}"
        f"/{words['dbname']}"
    )


def _runner() -> dict[str, str]:
    """The role that the DAGs use."""
    runner = conninfo_to_dict(os.environ["AIRFLOW_CONN_LEDGER_DB"])
    return {name: str(runner[name]) for name in ("user", "password")}


def main() -> None:
    """Run what was asked for."""
    parts = (
        "loops", "copy_floor_live", "copy_floor_initial", "trueup_live_1", "trueup_live_2",
        "trueup_initial", "poster", "dag_overhead",
    )  # fmt: skip
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="entries (1,000,000)")
    parser.add_argument("--only", nargs="+", choices=parts, default=parts, help="run these alone")
    parser.add_argument("--output", type=Path, default=RESULTS, help="the figures' file")
    asked = parser.parse_args()
    console = Console()
    conninfo = os.environ["TRUEUP_TEST_SERVER"]
    with tempfile.TemporaryDirectory(prefix="trueup-bench-") as folder:
        console.print(f"Generating {asked.rows:,} rows", highlight=False)
        source = data.generate(Path(folder), asked.rows)
        with closing(Server(conninfo, _runner(), durable=True)) as server:
            bench = Bench(server, source, console)
            for part in asked.only:
                getattr(bench, part)()
            version = server.connection.execute("SHOW server_version").fetchone()[0]
    show(bench, console, asked.rows)
    write(bench, asked.rows, f"PostgreSQL {version}", asked.output)
    console.print(f"Written to {asked.output}", highlight=False)


if __name__ == "__main__":
    main()
