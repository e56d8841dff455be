"""The bench runs whole, on few rows: every contender does its work and has its figure."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RATES = {
    "loop_commit_per_row", "loop_commit_per_1000", "copy_floor_live", "copy_floor_initial",
    "trueup_live_1", "trueup_live_2", "post_live_1", "post_live_2", "trueup_initial", "reconcile",
    "state_hash",
}  # fmt: skip


def test_every_contender_does_its_work_and_has_its_figure(server, tmp_path):
    output = tmp_path / "bench.json"
    path = os.pathsep.join([str(ROOT / "dags"), str(ROOT / "tests")])
    parts = [*RATES - {"post_live_1", "post_live_2", "reconcile", "state_hash"}, "poster"]
    parts = [part for part in parts if not part.startswith("loop")] + ["loops"]
    ran = subprocess.run(
        [
            sys.executable, "-m", "bench", "--rows", "2000", "--output", str(output),
            "--only", *sorted(parts),
        ],
        env={**os.environ, "PYTHONPATH": path, "TRUEUP_TEST_SERVER": server.conninfo},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = json.loads(output.read_text())
    assert set(told["rows_per_second"]) == RATES
    assert all(rate > 0 for rate in told["rows_per_second"].values())
    assert told["peak_memory_mb"] > 0
    assert told["poster_p99_ms"] > 0
