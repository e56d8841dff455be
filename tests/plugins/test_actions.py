"""What the page offers for a run, held against the engine: every state of every system."""

import uuid
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from psycopg import Connection
from psycopg.types.json import Jsonb

from conftest import Database, Server
from dags.conftest import uri
from page_server import PageAirflow, reader_of
from trueup import journal, migrations, opening
from trueup.errors import RollbackRefused, TrueupError
from trueup.run_state import WORKING, Status
from trueup.stages import restore, roll_back
from trueup.systems import System, every, named

MODES = (roll_back.DELETE, roll_back.REVERSE, restore.RESTORE)


class Case(NamedTuple):
    """A run in one of the ways it can be."""

    status: Status
    dry_run: bool = False
    # Nobody works on it, and nobody has for a long time.
    abandoned: bool = False
    quarantined: int = 2
    backed_up: bool = False


CASES = [
    *(Case(status) for status in Status),
    *(Case(status, abandoned=True) for status in Status),
    *(Case(status, dry_run=True) for status in (Status.PREVIEWED, Status.INTERRUPTED)),
    Case(Status.COMPLETED, quarantined=0),
    Case(Status.COMPLETED, backed_up=True),
    Case(Status.INTERRUPTED, backed_up=True),
]


@pytest.fixture(scope="module")
def databases(server: Server) -> dict[str, Database]:
    """A database of each system, migrated and without a row."""
    found = {}
    for system in every():
        found[system.name] = server.create()
        with closing(found[system.name].connect()) as connection:
            migrations.migrate(connection, system)
    return found


@pytest.fixture(scope="module")
def page(
    databases: dict[str, Database],
    new_airflow: Callable[..., PageAirflow],
    tmp_path_factory: pytest.TempPathFactory,
) -> PageAirflow:
    """The API server, with all systems."""
    readers = {
        f"{system.connection_id}_reader": uri(reader_of(databases[system.name]))
        for system in every()
        if system.name != "ledger"
    }
    found = new_airflow(databases["ledger"], tmp_path_factory.mktemp("sources"), **readers)
    found.start(["api-server"])
    return found


def insert_run(database: Database, system: System, case: Case) -> str:
    """Put a run of the case into a journal, and give its id."""
    run_id = f"{system.dags[0]}-{uuid.uuid4().hex[:8]}"
    database.do(
        "INSERT INTO trueup.runs (run_id, dag_id, system, status, plan, dry_run, source, "
        "source_id, source_type, code_fingerprint, started_by, total_quarantined, figures, "
        "last_seen_at) VALUES (%s, %s, %s, %s, %s, %s, 's', 's', 'CSV', '', 'tester', %s, %s, "
        "now() - make_interval(hours => %s))",
        run_id, system.dags[0], system.name, case.status,
        Jsonb({"source": "s", "dry_run": case.dry_run}), case.dry_run, case.quarantined,
        Jsonb({"backup": {"file": "gone.dump", "sha256": "none"}} if case.backed_up else {}),
        int(case.abandoned),
    )  # fmt: skip
    database.do(
        "INSERT INTO trueup.run_attempts (run_id, attempt, dag_id, airflow_run_id, started_by) "
        "VALUES (%s, 1, %s, 'before', 'tester')",
        run_id, system.dags[0],
    )  # fmt: skip
    return run_id


def takes_control(connection: Connection, run_id: str, action: str) -> bool:
    """Whether the engine does it, as the DAG run_control asks for it."""
    with suppress(TrueupError):
        if action == "pause":
            opening.pause_run(connection, run_id)
        elif action == "resume":
            opening.params_to_resume(journal.read_run(connection, run_id))
        else:
            opening.params_to_replay(journal.read_run(connection, run_id), dry_run=True)
        return True
    return False


def takes_back(database: Database, connection: Connection, run_id: str, mode: str) -> bool:
    """Whether the engine takes a run back, as the DAG rollback asks for it.

    Of a restore, whether there is anything to restore: the backup itself is tried elsewhere.
    """
    attempt = opening.Attempt("rollback", uuid.uuid4().hex, "tester")
    try:
        # Airflow says of no run that it still goes on, but of one that waits for a person.
        run = opening.adopt_run(connection, run_id, attempt, lambda *_: True)
        if mode == restore.RESTORE:
            around = restore.Surroundings(database.conninfo, Path("/nonexistent"))
            restore.restore(connection, run, around)
        else:
            roll_back.roll_back(connection, run, mode)
    except RollbackRefused as refusal:
        return mode == restore.RESTORE and "is gone" in str(refusal)
    except TrueupError:
        return False
    return True


def taken(database: Database, run_id: str, case: Case) -> dict[str, list[str]]:
    """What the engine takes, each tried by itself and undone."""
    connection = database.connect()
    worker = database.connect("worker")
    if case.status in (*WORKING, Status.ROLLING_BACK) and not case.abandoned:
        journal.hold_worker_lock(worker, journal.read_run(worker, run_id))
    found: dict[str, list[str]] = {}
    for action in ("pause", "resume", "replay"):
        with connection.transaction(force_rollback=True):
            if takes_control(connection, run_id, action):
                found[action] = []
    for mode in MODES:
        with connection.transaction(force_rollback=True):
            if takes_back(database, connection, run_id, mode):
                found.setdefault("roll_back", []).append(mode)
    connection.close()
    worker.close()
    return found


@pytest.mark.parametrize("system", [system.name for system in every()])
def test_what_is_offered_is_what_the_engine_takes(
    page: PageAirflow, databases: dict[str, Database], system: str
):
    database, offered = databases[system], {}
    expected: dict[Case, Any] = {}
    for case in CASES:
        run_id = insert_run(database, named(system), case)
        run = page.get(f"runs/{system}/{run_id}").json
        offered[case] = run["offers"]
        expected[case] = taken(database, run_id, case)
        if case.dry_run:
            # It has posted nothing: the engine would take it back, and nobody need ask.
            expected[case].pop("roll_back", None)
        database.do("DELETE FROM trueup.run_attempts WHERE run_id = %s", run_id)
        database.do("DELETE FROM trueup.runs WHERE run_id = %s", run_id)
    assert offered == expected


def test_every_action_and_mode_was_offered_somewhere(
    page: PageAirflow, databases: dict[str, Database]
):
    """Or the test above would hold for a page that offers nothing."""
    seen: set[str] = set()
    for system in every():
        for case in (
            Case(Status.POSTING), Case(Status.PAUSED), Case(Status.COMPLETED, backed_up=True),
            Case(Status.ROLLING_BACK, abandoned=True),
        ):  # fmt: skip
            database = databases[system.name]
            run_id = insert_run(database, system, case)
            offers = page.get(f"runs/{system.name}/{run_id}").json["offers"]
            seen |= {*offers, *offers.get("roll_back", [])}
            if case.abandoned:
                assert list(offers) == ["roll_back"], system.name
            database.do("DELETE FROM trueup.run_attempts WHERE run_id = %s", run_id)
            database.do("DELETE FROM trueup.runs WHERE run_id = %s", run_id)
    assert seen == {"pause", "resume", "replay", "roll_back", *MODES}
