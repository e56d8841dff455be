"""The bench of a capital migration runs whole, on few movements, and has every figure."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_figure_is_measured(server):
    path = os.pathsep.join([str(ROOT / "dags"), str(ROOT / "tests"), str(ROOT)])
    ran = subprocess.run(
        [sys.executable, "-m", "bench.capital", "--movements", "2000", "--batch-size", "500"],
        env={**os.environ, "PYTHONPATH": path, "TRUEUP_TEST_SERVER": server.conninfo},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for figure in (
        "generator", "run", "floor", "state hash", "way back, with proof",
        "ratio of posting alone", "ratio of the whole chain",
        "longest wait of a writer, opening", "longest wait of a writer, cutover",
        "longest wait of a writer, way back",
    ):  # fmt: skip
        (line,) = [line for line in ran.stdout.splitlines() if line.startswith(figure)]
        assert any(character in "123456789" for character in line), line
