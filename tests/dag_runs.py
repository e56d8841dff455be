"""What came of a DAG run: its runs as a second session sees them, and how its tasks ended."""

from typing import Any

from databases import Database


def overview(database: Database) -> list[Any]:
    """Every run, the first one first."""
    return database.rows("SELECT * FROM trueup.run_overview ORDER BY started_at")


def states(dag_run: Any) -> dict[str, str]:
    """How every task of a DAG run ended."""
    return {ti.task_id: str(ti.state) for ti in dag_run.get_task_instances()}
