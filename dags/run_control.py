"""Pauses a run, resumes one, or replays what one left in quarantine."""

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import Param, dag

from trueup.orchestration import tasks
from trueup.orchestration.params import form


@dag(
    description=__doc__,
    schedule=None,
    catchup=False,
    # The page triggers it: of a paused DAG a run would stay queued for ever.
    is_paused_upon_creation=False,
    max_active_runs=4,
    params=form(
        {
            "run_id": Param(
                type="string",
                minLength=1,
                title="Run id",
                description="The run: its id stands in its report, on the Trueup page, and in "
                "trueup.run_overview.",
            ),
            "action": Param(
                "pause",
                enum=["pause", "resume", "replay"],
                description="pause: stop after the batch in hand. resume: trigger the run's DAG "
                "exactly as it was. replay: load what it left in quarantine once more.",
            ),
            "dry_run": Param(
                True,
                type="boolean",
                description="For replay: judge the rows first, and post nothing.",
            ),
        }
    ),
    default_args={"owner": "trueup"},
    tags=["trueup", "control"],
    doc_md="""
### Pause, resume, replay

- **pause** stops a run that is posting after the batch in hand. Its DAG run ends red, the run is
  `paused`, and what it posted stands.
- **resume** triggers the DAG of a paused or interrupted run with the params that it had; it goes on
  after its last checkpoint.
- **replay** triggers a new run over the rows that a completed run left in quarantine, after their
  cause was mended: an account opened, a reference freed. Rows keep their references, so that none
  is posted twice. Rows that must be edited are mended in the quarantine CSV and loaded as a file.
""",
)
def run_control() -> None:
    """Pause, or find what to trigger and trigger it."""
    asked = tasks.control()
    TriggerDagRunOperator(
        task_id="trigger",
        doc_md="Trigger the DAG that `control` named, with the params that the run had.",
        trigger_dag_id="{{ ti.xcom_pull(task_ids='control')['dag_id'] }}",
        conf=asked["conf"],
    )


run_control()
