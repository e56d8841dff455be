"""Runs under a real scheduler, API server and worker processes; and what a kill leaves of them."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

import alerts
import gauges
from conftest import ROOT, Database, Server
from dags.conftest import uri
from runs import Books, entry, payments

# Enough batches that a kill meets one in flight.
ROWS = 20_000
BATCH_SIZE = 50
COMPONENTS = ("api-server", "dag-processor", "scheduler")


class Airflow:
    """API server, scheduler and DAG processor, in one process group that can be killed as one."""

    def __init__(
        self, home: Path, metadata: str, ledger: str, sources: Path, others: dict[str, str]
    ) -> None:
        self.port, log_port = _free_ports(2)
        self.password = secrets.token_hex(8)
        (home / "passwords.json").write_text(
            json.dumps({"admin": self.password, "reviewer": self.password})
        )
        self.environment = os.environ | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "3",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": (f"http://127.0.0.1:{self.port}/execution/"),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin,reviewer:op",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata,
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{self.port}",
            "AIRFLOW__API__SECRET_KEY": "tests",
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(log_port),
            # What a power cut leaves running on paper is found within seconds, not minutes.
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "10",
            "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
            "AIRFLOW_CONN_LEDGER_DB": ledger,
            "TRUEUP_REPORTS": str(home / "reports"),
            "TRUEUP_SOURCE_ROOTS": str(sources),
            # Looked at when a test asks for it.
            "TRUEUP_WATCH_SCHEDULE": "0 0 1 1 *",
            **others,
        }
        self.log = home / "airflow.log"
        self._processes: list[subprocess.Popen[bytes]] = []

    def run(self, *arguments: str) -> str:
        """One command of Airflow's."""
        return subprocess.run(
            [sys.executable, "-m", "airflow", *arguments],
            env=self.environment, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip

    def start(self, components: Iterable[str] = COMPONENTS) -> None:
        """Start the components and wait until the API answers."""
        for component in components:
            with self.log.open("ab") as log:
                self._processes.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "airflow", component],
                        env=self.environment, stdout=log, stderr=log, cwd=self.log.parent,
                    )
                )  # fmt: skip
        try:
            wait_for("the API server", lambda: self._get("/api/v2/monitor/health"), seconds=180)
        except BaseException:
            self.kill()  # nobody else would, and it would take the others' time
            raise

    def kill(self) -> None:
        """Kill every process at once, as a power cut would."""
        while family := [each for each in psutil.process_iter() if self._is_mine(each)]:
            for each in family:
                with suppress(psutil.NoSuchProcess):
                    each.kill()
            psutil.wait_procs(family, timeout=10)
        for process in self._processes:
            process.wait(timeout=10)
        self._processes.clear()

    def _is_mine(self, process: psutil.Process) -> bool:
        """Whether a process works in this Airflow's folder; its parents may be dead already."""
        try:
            alive = process.status() != psutil.STATUS_ZOMBIE
            return alive and process.cwd() == str(self.log.parent)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False

    def trigger(self, dag_id: str, **conf: Any) -> str:
        """Trigger a DAG as a person does, and give the Airflow run's id."""
        made = self._call(
            "POST", f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None, "conf": conf}
        )
        return made["dag_run_id"]

    def state(self, dag_id: str, airflow_run_id: str) -> str:
        """The state of an Airflow run."""
        return self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{airflow_run_id}")["state"]

    def answer(self, airflow_run_id: str, choice: str, user: str) -> None:
        """Answer the approval of a run, as one of the users."""
        self._call(
            "PATCH",
            f"/api/v2/dags/ledger_backfill/dagRuns/{airflow_run_id}"
            "/taskInstances/approve/-1/hitlDetails",
            {"chosen_options": [choice], "params_input": {}},
            user,
        )

    def question(self, airflow_run_id: str) -> dict[str, Any]:
        """What a person is asked, and what they have answered."""
        return self._call(
            "GET",
            f"/api/v2/dags/ledger_backfill/dagRuns/{airflow_run_id}"
            "/taskInstances/approve/-1/hitlDetails",
        )

    def mark_approved(self, airflow_run_id: str) -> None:
        """Write an answer of somebody else's down, and mark the approval as a success with it.

        Anybody who may trigger the DAG may do both.
        """
        forged = {"chosen_options": ["Approve"], "responded_by_user": {"name": "reviewer"}}
        self._call(
            "POST",
            f"/api/v2/dags/ledger_backfill/dagRuns/{airflow_run_id}/taskInstances/approve"
            "/xcomEntries",
            {"key": "return_value", "value": forged},
        )
        self._call(
            "PATCH",
            f"/api/v2/dags/ledger_backfill/dagRuns/{airflow_run_id}/taskInstances/approve",
            {"new_state": "success"},
        )

    def clear(self, airflow_run_id: str, task: str) -> None:
        """Clear a task and what follows it, in the same DAG run."""
        self._call(
            "POST",
            "/api/v2/dags/ledger_backfill/clearTaskInstances",
            {
                "dag_run_id": airflow_run_id, "task_ids": [task], "include_downstream": True,
                "only_failed": False, "dry_run": False,
            },
        )  # fmt: skip

    def is_parked(self, airflow_run_id: str, times: int = 1) -> bool:
        """Whether a run waits for a person, for the first time or a later one.

        An answer before the scheduler has heard that the worker has gone, which takes it seconds,
        fails the task in Airflow 3.3.2; it asks anew, and the answer is lost.
        """
        task = self._call(
            "GET", f"/api/v2/dags/ledger_backfill/dagRuns/{airflow_run_id}/taskInstances/approve"
        )
        heard = sum(
            "TaskInstance Finished" in line and airflow_run_id in line and "=approve," in line
            for line in self.log.read_text().splitlines()
        )
        return task["state"] == "awaiting_input" and heard >= times

    def wait_for_end(self, dag_id: str, airflow_run_id: str, seconds: float = 300) -> str:
        """Wait until an Airflow run is over and give its state."""
        wait_for(
            f"{airflow_run_id} to end",
            lambda: self.state(dag_id, airflow_run_id) in ("success", "failed"),
            seconds,
        )
        return self.state(dag_id, airflow_run_id)

    def _call(self, method: str, path: str, body: Any = None, user: str = "admin") -> Any:
        token = self._send(
            "POST", "/auth/token", {"username": user, "password": self.password}, None
        )["access_token"]
        return self._send(method, path, body, token)

    def _send(self, method: str, path: str, body: Any, token: str | None) -> Any:
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers=headers, method=method,
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    def _get(self, path: str) -> Any:
        try:
            return self._send("GET", path, None, None)
        except OSError:
            return None


def wait_for(what: str, condition: Callable[[], Any], seconds: float) -> None:
    """Wait until a condition holds; fail with words when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.2)


def _free_ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@pytest.fixture(scope="module")
def books(server: Server, migrated: Database, tmp_path_factory: pytest.TempPathFactory) -> Books:
    """One ledger for all these tests: an Airflow is slow to start, and serves them in turn."""
    folder = tmp_path_factory.mktemp("sources")
    books = Books(server.create(migrated), folder)
    books.open_world()
    return books


@pytest.fixture(scope="module")
def on_call() -> Iterator[alerts.Target]:
    """Who is told when a run fails."""
    with alerts.listening() as target:
        yield target


@pytest.fixture(scope="module")
def metrics() -> Iterator[gauges.Listener]:
    """Where Airflow's metrics go."""
    with gauges.listening() as listener:
        yield listener


# A DAG of another team, in a bundle of its own, that follows the ledger's books.
FOLLOWER = """
import json, os
from airflow.sdk import Asset, dag, task

@dag(schedule=[Asset(name="trueup.ledger", uri="trueup://ledger")], catchup=False)
def follower():
    @task
    def follow(triggering_asset_events=None):
        (events,) = triggering_asset_events.values()
        with open(os.environ["FOLLOWED"], "a") as file:
            file.writelines(json.dumps(event.extra) + "\\n" for event in events)
    follow()

follower()
"""


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what lies outside the bundle: another team's DAG, and what it was told."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "dags").mkdir()
    (folder / "dags" / "follower.py").write_text(FOLLOWER)
    return folder


@pytest.fixture(scope="module")
def airflow(
    server: Server,
    books: Books,
    on_call: alerts.Target,
    metrics: gauges.Listener,
    outside: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Airflow]:
    """Airflow with metadata of its own, working on that ledger; gone afterwards."""
    metadata = uri(server.create().admin_conninfo).replace("postgresql:", "postgresql+psycopg2:")
    bundles = [
        {
            "name": name,
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {"path": str(path)},
        }
        for name, path in {"trueup": ROOT / "dags", "others": outside / "dags"}.items()
    ]
    lineage = {"type": "file", "log_file_path": str(outside / "lineage.jsonl"), "append": True}
    found = Airflow(
        tmp_path_factory.mktemp("airflow"), metadata, uri(books.database.conninfo), books.folder,
        {
            "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles),
            "AIRFLOW_CONN_TRUEUP_ALERTS": json.dumps(
                {"conn_type": "generic", "password": on_call.address}
            ),
            "AIRFLOW__METRICS__STATSD_ON": "True",
            "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
            "AIRFLOW__METRICS__STATSD_PORT": str(metrics.port),
            "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(lineage),
            "FOLLOWED": str(outside / "followed.jsonl"),
        },
    )  # fmt: skip
    found.run("db", "migrate")
    found.run("dags", "reserialize")
    found.start()
    yield found
    found.kill()


@pytest.fixture
def wanted(books: Books, request: pytest.FixtureRequest) -> dict[str, Any]:
    """A backfill long enough to be killed in the middle, of a source of this test's own."""
    name = request.node.name[:40]
    entries = [entry | {"referenceId": f"{name}-{i}"} for i, entry in enumerate(payments(ROWS))]
    return {
        "source": books.write_entries(entries, f"{name}.csv"),
        "dry_run": False,
        "batch_size": BATCH_SIZE,
        "batch_seconds": 0.05,  # so that batches stay small
        "validate_balances": False,
    }


def progress(books: Books, wanted: dict[str, Any]) -> int:
    """How many rows of a source are posted, as an outside witness sees it."""
    return books.database.value(
        "SELECT coalesce(sum(posted), 0) FROM trueup.run_ranges JOIN trueup.runs USING (run_id) "
        "WHERE source_id = %s",
        wanted["source"],
    )


def poster(database: Database) -> int | None:
    """The process that holds the connection of the posting worker, if there is one."""
    ports = {
        row.client_port
        for row in database.rows(
            "SELECT client_port FROM pg_stat_activity WHERE application_name LIKE 'trueup post %'"
        )
    }
    for process in psutil.process_iter():
        try:
            connections = process.net_connections("tcp")
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if any(each.laddr and each.laddr.port in ports for each in connections):
            return process.pid
    return None


def assert_whole(books: Books, wanted: dict[str, Any]) -> None:
    """One run posted everything exactly once, and every balance follows from its entries."""
    run = books.database.row(
        "SELECT * FROM trueup.run_overview WHERE source_id = %s AND status <> 'refused'",
        wanted["source"],
    )
    assert run.status == "completed"
    assert (run.total_read, run.total_posted, run.total_replayed) == (ROWS, ROWS, 0)
    entries = books.database.value(
        "SELECT count(*) FROM ledger_entries WHERE run_id = %s", run.run_id
    )
    assert entries == ROWS
    assert books.disagreements() == []


def slow_down(database: Database) -> None:
    """Have every batch take its time, so that what is done to a run meets one in flight."""
    database.do(
        "CREATE OR REPLACE FUNCTION be_slow() RETURNS TRIGGER LANGUAGE plpgsql AS "
        "'BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END'"
    )
    database.do("CREATE TRIGGER slow AFTER INSERT ON ledger_entries EXECUTE FUNCTION be_slow()")


def speed_up(database: Database) -> None:
    """Undo `slow_down`."""
    database.do("DROP TRIGGER slow ON ledger_entries")


def test_a_killed_worker_is_replaced_and_the_run_ends_as_if_nothing_had_been(
    airflow: Airflow, books: Books, wanted: dict[str, Any]
):
    slow_down(books.database)
    airflow_run = airflow.trigger("ledger_backfill", **wanted)
    wait_for("the first batches", lambda: progress(books, wanted) > 0, 90)
    victim = poster(books.database)
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    settled = progress(books, wanted)
    speed_up(books.database)

    assert airflow.wait_for_end("ledger_backfill", airflow_run) == "success"

    assert 0 < settled < ROWS
    assert_whole(books, wanted)


def test_after_a_power_cut_the_same_trigger_resumes_the_run(
    airflow: Airflow, books: Books, wanted: dict[str, Any]
):
    slow_down(books.database)
    first = airflow.trigger("ledger_backfill", **wanted)
    wait_for("the first batches", lambda: progress(books, wanted) > 0, 90)
    airflow.kill()
    settled = progress(books, wanted)
    speed_up(books.database)
    airflow.start()

    second = airflow.trigger("ledger_backfill", **wanted)
    # Airflow revives the tasks that it lost: whichever attempt comes first has the run, and the
    # other is refused or fenced, in words. Never do both post.
    ends = {airflow.wait_for_end("ledger_backfill", each) for each in (first, second)}

    assert 0 < settled < ROWS
    assert "success" in ends
    assert_whole(books, wanted)


def run_of(books: Books, airflow_run: str) -> Any:
    """The run of the journal that an Airflow run works on, None before its audit."""
    found = books.database.rows(
        "SELECT run.* FROM trueup.runs AS run JOIN trueup.run_attempts USING (run_id) "
        "WHERE airflow_run_id = %s",
        airflow_run,
    )
    return found[0] if found else None


def test_a_run_parks_until_another_person_approves_and_remembers_who(
    airflow: Airflow, books: Books, on_call: alerts.Target
):
    asked = {
        "source": books.write_entries(payments(10), "approval.csv"),
        "dry_run": False,
        "approval": "manual",
    }

    def park(**params: Any) -> str:
        airflow_run = airflow.trigger("ledger_backfill", **asked, **params)
        wait_for("the question", lambda: airflow.is_parked(airflow_run), 90)
        return airflow_run

    def events(airflow_run: str) -> list[str]:
        return [
            row.event
            for row in books.database.rows(
                "SELECT event FROM trueup.audit_log WHERE run_id = %s ORDER BY id",
                run_of(books, airflow_run).run_id,
            )
        ]

    rejected = park()
    on_call.told.clear()
    airflow.answer(rejected, "Reject", "admin")
    assert airflow.wait_for_end("ledger_backfill", rejected) == "failed"
    (alert,) = on_call.told
    assert alert["title"] == f"Run {run_of(books, rejected).run_id} is refused"
    assert (
        f"{airflow.environment['AIRFLOW__API__BASE_URL']}/dags/ledger_backfill/runs/"
        in (alert["message"])
    )
    assert alerts.SECRET not in airflow.log.read_text()
    assert not any(alerts.SECRET in log.read_text() for log in airflow.log.parent.rglob("*.log"))
    assert run_of(books, rejected).status == "refused"
    assert run_of(books, rejected).total_posted == 0

    # Who triggered it may not approve it: it parks again, and nothing is lost.
    approved = park()
    text = airflow.question(approved)["body"]
    assert run_of(books, approved).digest in text
    assert "**10 read** = 10 to post + 0 replayed + 0 quarantined." in text
    assert "| `world` | `USD` | " in text
    airflow.answer(approved, "Approve", "admin")
    wait_for(
        "the refusal",
        lambda: any("admin triggered run" in event for event in events(approved)),
        90,
    )
    wait_for("the question anew", lambda: airflow.is_parked(approved, times=2), 90)
    assert run_of(books, approved).status == "awaiting_approval"
    assert airflow.question(approved)["response_received"] is False
    airflow.answer(approved, "Approve", "reviewer")
    assert airflow.wait_for_end("ledger_backfill", approved) == "success"
    run = run_of(books, approved)
    assert (run.status, run.total_posted, run.approved_by) == ("completed", 10, "reviewer")
    assert f"reviewer approved digest {run.digest}." in events(approved)


def test_a_task_marked_as_done_is_nobody_s_approval(airflow: Airflow, books: Books):
    entries = [row | {"referenceId": f"marked-{i}"} for i, row in enumerate(payments(10))]
    asked = {
        "source": books.write_entries(entries, "marked.csv"),
        "dry_run": False,
        "approval": "manual",
    }
    marked = airflow.trigger("ledger_backfill", **asked)
    wait_for("the question", lambda: airflow.is_parked(marked), 90)
    airflow.mark_approved(marked)
    assert airflow.wait_for_end("ledger_backfill", marked) == "failed"
    run = run_of(books, marked)
    assert (run.status, run.total_posted) == ("interrupted", 0)
    assert "Nobody has approved digest" in run.message

    # The same once more, by one person who may work alone: it is the same run.
    again = airflow.trigger("ledger_backfill", **asked, four_eyes=False)
    wait_for("the question anew", lambda: airflow.is_parked(again), 90)
    airflow.answer(again, "Approve", "admin")
    assert airflow.wait_for_end("ledger_backfill", again) == "success"
    assert run_of(books, again).run_id == run.run_id
    run = run_of(books, again)
    assert (run.status, run.total_posted, run.approved_by) == ("completed", 10, "admin")


def test_after_a_clear_nobody_approves_by_the_figures_of_before(airflow: Airflow, books: Books):
    rows = [*payments(5), entry("late", amount="3")]
    entries = [row | {"referenceId": f"cleared-{i}"} for i, row in enumerate(rows)]
    asked = {
        "source": books.write_entries(entries, "cleared.csv"),
        "dry_run": False,
        "approval": "manual",
        "max_quarantined": "100 %",
    }
    first = airflow.trigger("ledger_backfill", **asked)
    wait_for("the question", lambda: airflow.is_parked(first), 90)
    before = run_of(books, first).digest
    books.open_account("late")
    airflow.clear(first, "validate")
    assert airflow.wait_for_end("ledger_backfill", first) == "failed"
    run = run_of(books, first)
    assert (run.status, run.total_posted) == ("interrupted", 0)
    assert f"asked for approval of digest {before}" in run.message

    again = airflow.trigger("ledger_backfill", **asked)
    wait_for("the question anew", lambda: airflow.is_parked(again), 90)
    now = run_of(books, again).digest
    text = airflow.question(again)["body"]
    assert (now in text, before in text, now == before) == (True, False, False)
    airflow.answer(again, "Reject", "reviewer")
    assert airflow.wait_for_end("ledger_backfill", again) == "failed"


def test_others_learn_of_a_completed_run_by_event_lineage_and_metrics(
    airflow: Airflow, books: Books, metrics: gauges.Listener, outside: Path
):
    entries = [row | {"referenceId": f"followed-{i}"} for i, row in enumerate(payments(300))]
    entries[7]["amount"] = "none"
    posted = airflow.trigger(
        "ledger_backfill", source=books.write_entries(entries, "followed.csv"), dry_run=False
    )
    assert airflow.wait_for_end("ledger_backfill", posted) == "success"
    run = run_of(books, posted)

    # Another team's DAG runs, and has the totals.
    followed = outside / "followed.jsonl"
    wait_for("the follower", lambda: followed.exists() and run.run_id in followed.read_text(), 120)
    (extra,) = [
        each
        for each in map(json.loads, followed.read_text().splitlines())
        if each["run_id"] == run.run_id
    ]
    assert (extra["posted"], extra["quarantined"], extra["digest"]) == ("299", "1", run.digest)

    # OpenLineage has the file and the tables.
    (event,) = [
        each
        for each in map(json.loads, (outside / "lineage.jsonl").read_text().splitlines())
        if each["job"]["name"] == "ledger_backfill.complete"
        and each["eventType"] == "COMPLETE"
        and posted in json.dumps(each["run"])
    ]
    assert [each["name"] for each in event["inputs"]] == [str(books.folder / "followed.csv")]
    written = {each["name"].rpartition(".")[2] for each in event["outputs"]}
    assert written == {"bank_accounts", "ledger_entries", "dual_ledger_outbox"}

    # The gauges stand as the journal does, those that a watch brings, too.
    assert metrics.gauges["airflow.trueup.ledger.posted_rows"] == 299
    assert metrics.gauges["airflow.trueup.ledger.quarantined_rows"] == 1
    assert max(metrics.history["airflow.trueup.ledger.rows_per_second"]) > 0
    assert metrics.gauges["airflow.trueup.ledger.rows_per_second"] == 0
    assert metrics.gauges["airflow.trueup.ledger.open_runs"] == 0
    watched = airflow.trigger("watch_runs")
    assert airflow.wait_for_end("watch_runs", watched) == "success"
    assert metrics.gauges["airflow.trueup.ledger.is_watched"] == 1
    assert metrics.gauges["airflow.trueup.ledger.stalled_runs"] == 0
    assert metrics.gauges["airflow.trueup.ledger.checkpoint_age_seconds"] == 0


def test_a_run_is_paused_and_resumed_from_the_ui_and_its_night_is_clean(
    airflow: Airflow, books: Books, wanted: dict[str, Any], metrics: gauges.Listener
):
    slow_down(books.database)
    first = airflow.trigger("ledger_backfill", **wanted)
    wait_for("the first batches", lambda: progress(books, wanted) > 0, 90)
    run_id = books.database.value(
        "SELECT run_id FROM trueup.runs WHERE source_id = %s", wanted["source"]
    )
    pause = airflow.trigger("run_control", run_id=run_id, action="pause")
    assert airflow.wait_for_end("run_control", pause) == "success"
    assert airflow.wait_for_end("ledger_backfill", first) == "failed"
    settled = progress(books, wanted)
    status = books.database.value("SELECT status FROM trueup.runs WHERE run_id = %s", run_id)
    assert (status, 0 < settled < ROWS) == ("paused", True)
    speed_up(books.database)

    resume = airflow.trigger("run_control", run_id=run_id, action="resume")
    assert airflow.wait_for_end("run_control", resume) == "success"
    wait_for(
        "the resumed run",
        lambda: books.database.value(
            "SELECT status = 'completed' FROM trueup.runs WHERE run_id = %s", run_id
        ),
        300,
    )
    assert_whole(books, wanted)

    # Under a scheduler a run with a deadline is closed as any other.
    night = airflow.trigger("nightly_reconciliation")
    assert airflow.wait_for_end("nightly_reconciliation", night) == "success"
    assert books.database.value("SELECT status FROM trueup.last_nights") == "clean"
    assert metrics.gauges["airflow.trueup.ledger.night_is_broken"] == 0
    assert metrics.gauges["airflow.trueup.ledger.outbox_age_seconds"] == 0
    assert metrics.gauges["airflow.trueup.ledger.entries"] > ROWS
