"""What every task does around its stage: connect, own the run, name a failure, write it down."""

import getpass
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NoReturn

import psycopg
from airflow.sdk.exceptions import AirflowFailException
from psycopg import Connection

from trueup import errors, journal, statements
from trueup.errors import DataFailure, OperationalFailure, Refused, Transient, TrueupError
from trueup.journal import Run
from trueup.opening import Attempt
from trueup.orchestration.connections import conninfo
from trueup.run_state import FINISHED, Status
from trueup.systems import System

log = logging.getLogger(__name__)

Context = Any

# Airflow's retries lie above the engine's own: they are for a worker that died.
RETRIES = {"retries": 2, "retry_delay": timedelta(seconds=5)}


def run_id(context: Context) -> str:
    """The id of the run that this Airflow run works on; `audit` has pushed it.

    Raises AirflowFailException when the audit never got as far as opening one.
    """
    found = context["ti"].xcom_pull(task_ids="audit", key="run_id")
    if not found:
        raise AirflowFailException("No run was opened; the log of the task audit says why.")
    return found


def attempt(context: Context) -> Attempt:
    """Who is behind this Airflow run."""
    dag_run = context["dag_run"]
    by = getattr(dag_run, "triggering_user_name", None)
    if not by or by == "dag_test":  # the name that `airflow dags test` gives itself
        scheduled = str(dag_run.run_type).endswith("scheduled")
        by = "the schedule" if scheduled else f"{_login()} on the command line"
    return Attempt(context["dag"].dag_id, dag_run.run_id, by)


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"


def is_alive(context: Context) -> Callable[[str, str], bool]:
    """A question to Airflow: does it believe that this Airflow run goes on?"""

    def ask(dag_id: str, airflow_run_id: str) -> bool:
        try:
            state = context["ti"].get_dagrun_state(dag_id=dag_id, run_id=airflow_run_id)
        except Exception:  # for a run that it has forgotten, Airflow raises what it likes
            return False
        return str(state) in ("running", "queued")

    return ask


def connector(system: System, purpose: str) -> Callable[[], Connection]:
    """A way to open sessions in a system's database, for as often as one breaks."""
    where = conninfo(system)
    return lambda: statements.connect(where, purpose)


@contextmanager
def session(system: System, purpose: str) -> Iterator[Connection]:
    """Open a session, and say a database's refusal to answer in a sentence."""
    try:
        connection = connector(system, purpose)()
    except psycopg.Error as error:
        sentence = str(error).strip().splitlines()[0]
        raise Transient(
            f"The database of {system.name} cannot be reached ({sentence}). Check the Airflow "
            f"connection {system.connection_id} and the server."
        ) from error
    with connection:
        yield connection


@contextmanager
def in_books(system: System, purpose: str) -> Iterator[Connection]:
    """Work in a system's books without a run of the journal.

    What fails is told in a sentence, and tried again only if that may help.
    """
    try:
        with session(system, purpose) as connection:
            yield connection
    except (psycopg.Error, TrueupError) as error:
        give_up(name_failure(error))


@contextmanager
def at_work(
    system: System, context: Context, stage: str, status: Status | None = None
) -> Iterator[tuple[Connection, Run]]:
    """Work on this Airflow run's run: own it, move it to `status`, write down what fails.

    A failure that trying again cannot mend becomes AirflowFailException: Airflow does not retry it.
    """
    found = run_id(context)
    with session(system, f"{stage} {found}") as connection:
        run = journal.read_run(connection, found)
        try:
            own(connection, run, attempt(context))
            journal.hold_worker_lock(connection, run)
            if status or run.status not in FINISHED:
                run = journal.move(connection, run, status or run.status, stage=stage)
            yield connection, run
        except (psycopg.Error, TrueupError) as error:
            fail(system, run, error)
        except Exception as error:
            # A fault of ours or of the machine. The postings stand; the log keeps the whole trace.
            sentence = f"Unexpected {type(error).__name__} in {stage}: {error}"
            journal.record_failure(connection, run, "operational", sentence)
            raise


def own(connection: Connection, run: Run, worker: Attempt) -> None:
    """Raise Fenced unless this Airflow run is the one that has the run."""
    latest = statements.fetch_all(connection, "trueup/journal/list_attempts", run_id=run.run_id)
    if (latest[-1].dag_id, latest[-1].airflow_run_id) != worker[:2]:
        raise errors.Fenced(
            f"Run {run.run_id} was taken over by Airflow run {latest[-1].airflow_run_id}; "
            "this one changes nothing any more."
        )


def fail(system: System, run: Run, error: psycopg.Error | TrueupError) -> NoReturn:
    """Write a failure down, over a session of its own, and raise what Airflow should make of it."""
    named = name_failure(error)
    with session(system, f"failure {run.run_id}") as connection:
        _write_down(connection, journal.read_run(connection, run.run_id), named)
    give_up(named)


def name_failure(error: psycopg.Error | TrueupError) -> TrueupError:
    """A failure in our own words, and in the log."""
    named = errors.from_database(error) if isinstance(error, psycopg.Error) else error
    log.error("%s", named)
    return named


def give_up(named: TrueupError) -> NoReturn:
    """Raise what Airflow should make of a failure: it tries again only what may pass."""
    if isinstance(named, Transient):
        raise named
    raise AirflowFailException(str(named)) from None


def _write_down(connection: Connection, run: Run, error: TrueupError) -> None:
    if isinstance(error, DataFailure | Refused) and run.row.state_hash_before is None:
        # Nothing was posted, so there is nothing to take back.
        journal.refuse(connection, run, str(error))
    elif isinstance(error, DataFailure):
        journal.record_failure(connection, run, "data", str(error))
    elif isinstance(error, Refused | OperationalFailure):
        journal.record_failure(connection, run, "operational", str(error))
    else:
        # Fenced, or a rollback that ended as `rollback_failed`: the run is not ours to mark.
        journal.log(connection, run, str(error))
