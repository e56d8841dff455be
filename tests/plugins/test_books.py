"""What the page does when a system is slow, busy, gone, or wrongly connected; the others go on."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from psycopg.conninfo import conninfo_to_dict

from conftest import Database, Server
from page_server import PageAirflow

KERNEL = Path("/proc/net/tcp")
RUN = "ledger_backfill-20260101T000000-abcdef"


@pytest.fixture(scope="module")
def ledger(server: Server, migrated: Database) -> Database:
    """A ledger with one run in its journal."""
    found = server.create(migrated)
    found.do(
        "INSERT INTO trueup.runs (run_id, dag_id, system, status, plan, dry_run, source, "
        "source_id, source_type, code_fingerprint, started_by) "
        "VALUES (%s, 'ledger_backfill', 'ledger', 'completed', '{}', true, 's', 's', 'CSV', '', "
        "'tester')",
        RUN,
    )  # fmt: skip
    return found


@pytest.fixture(scope="module")
def page(
    ledger: Database,
    new_airflow: Callable[..., PageAirflow],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[PageAirflow]:
    """The API server: the ledger stands, the vault takes a connection and is mute, the wallets'
    password is encrypted with another key, and where the capital is makes no sense."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as mute:
        port = mute.getsockname()[1]
        found = new_airflow(
            ledger,
            tmp_path_factory.mktemp("sources"),
            vault_db_reader=f"postgresql://nobody@127.0.0.1:{port}/vault?connect_timeout=20",
            capital_db_reader="postgresql://nobody@127.0.0.1:5432/x?sslmode=nonsense",
        )
        found.metadata.do(
            "INSERT INTO connection (conn_id, conn_type, host, password, is_encrypted, "
            "is_extra_encrypted) VALUES ('wallet_db_reader', 'postgres', 'here', 'x', true, false)"
        )
        found.start(["api-server"])
        yield found


def test_a_system_that_is_slow_or_broken_takes_nothing_from_the_others(page: PageAirflow):
    # More looks at once than a system has threads: those of the slow one must not be all.
    answers = []

    def look() -> None:
        started = time.monotonic()
        answers.append((page.get("runs"), time.monotonic() - started))

    looks = [threading.Thread(target=look) for _ in range(12)]
    for each in looks:
        each.start()
    for each in looks:
        each.join()
    assert len(answers) == 12
    for answer, seconds in answers:
        assert answer.status == 200
        assert seconds < 10
        assert [run["run_id"] for run in answer.json["runs"]] == [RUN]
        absent = {each["system"]: each["sentence"] for each in answer.json["absent"]}
        assert set(absent) == {"vesting", "wallet", "capital"}
        assert "has not answered within 4 seconds" in absent["vesting"]
        # Airflow itself makes no difference between none and one that it cannot decrypt.
        assert "no Airflow connection wallet_db_reader that can be read" in absent["wallet"]
        assert "Check the Airflow connection capital_db_reader" in absent["capital"]
    assert page.get("runs/wallet/x").status == 404
    assert page.get("runs/capital/x").status == 503
    assert set(page.get("counts").json["counts"]) == {"ledger"}


@pytest.mark.parametrize("path", ["runs/ledger/a%00b", f"runs/ledger/{RUN}/quarantine?reason=%00"])
def test_what_no_database_can_hold_is_refused_in_words(page: PageAirflow, path: str):
    answer = page.get(path)
    assert answer.status == 422
    assert answer.json["detail"] == "What was asked for can stand in no database."
    assert page.get(f"runs/ledger/{RUN}").status == 200


def test_a_busy_database_is_told_as_busy_and_read_again_at_once(
    page: PageAirflow, ledger: Database
):
    assert page.get(f"runs/ledger/{RUN}").status == 200
    somebody = ledger.connect()
    with somebody.transaction():
        somebody.execute("LOCK TABLE trueup.runs IN ACCESS EXCLUSIVE MODE")
        answer = page.get(f"runs/ledger/{RUN}")
    somebody.close()
    assert (answer.status, answer.json["detail"]) == (
        503, "The database of ledger is busy. Try again in a moment.",
    )  # fmt: skip
    assert page.get(f"runs/ledger/{RUN}").status == 200


def test_when_one_session_was_dropped_the_others_are_given_up_too(
    page: PageAirflow, ledger: Database
):
    ours = (
        "FROM pg_stat_activity WHERE datname = current_database() "
        "AND application_name = 'trueup page'"
    )
    several = [threading.Thread(target=page.get, args=("counts",)) for _ in range(4)]
    for each in several:
        each.start()
    for each in several:
        each.join()
    before = ledger.value(f"SELECT count(*) {ours}")
    assert before >= 1
    ledger.do(f"SELECT pg_terminate_backend(pid) {ours}")
    assert page.get(f"runs/ledger/{RUN}").status == 200
    assert ledger.value(f"SELECT count(*) {ours}") == 1


@pytest.mark.skipif(not KERNEL.exists(), reason="only Linux tells of its timers")
def test_a_server_that_is_gone_without_a_word_is_noticed_within_seconds(
    page: PageAirflow, ledger: Database
):
    """The kernel's own word on the page's sockets: a keepalive is due, and soon."""
    assert page.get(f"runs/ledger/{RUN}").status == 200
    database_port = int(conninfo_to_dict(ledger.conninfo)["port"])
    links = {
        link.laddr.port
        for process in psutil.process_iter()
        if page._is_mine(process)
        for link in process.net_connections("tcp")
        if link.raddr and link.raddr.port == database_port
    }
    due = [
        int(timer.split(":")[1], 16) / os.sysconf("SC_CLK_TCK")
        for _, local, _, _, _, timer, *_ in map(str.split, KERNEL.read_text().splitlines()[1:])
        if _port(local) in links and timer.startswith("02:")
    ]
    # Those of Airflow's own sessions are due in hours.
    assert any(seconds <= 11 for seconds in due), due


def _port(address: str) -> int:
    return int(address.split(":")[1], 16)
