"""Passes on what a person wants to see of the log of `airflow dags test`.

That is each task as it starts, what the engine says, and errors.
"""

import re
import sys
import time

TASK = re.compile(r"\[DAG TEST\] starting task_id=(?P<task>\S+) map_index=(?P<index>-?\d+)")
LINE = re.compile(r"\S+ \[(?P<level>\w+) *\] (?P<words>.*?) +\[(?P<logger>[\w.]+)\]")


def interesting(line: str) -> str | None:
    """What to print for one line of the log; None for what only a developer needs."""
    if task := TASK.search(line):
        part = "" if task["index"] == "-1" else f" [{task['index']}]"
        return f"{task['task']}{part}"
    said = LINE.match(line)
    if not said:
        return None
    ours = said["logger"].split(".")[0] == "trueup"
    return f"    {said['words']}" if ours or said["level"] in ("error", "critical") else None


def main() -> None:
    started = time.monotonic()
    failing = False  # inside the traceback of an error, whose last line says what happened
    for line in sys.stdin:
        words = interesting(line)
        if failing and not words and re.match(r"[A-Za-z_][\w.]*: ", line):
            words, failing = f"    {line.rstrip()}", False
        if words:
            print(f"{time.monotonic() - started:6.1f} s  {words}", flush=True)
        failing = failing or bool(re.match(r"\S+ \[(error|critical) ", line))


if __name__ == "__main__":
    main()
