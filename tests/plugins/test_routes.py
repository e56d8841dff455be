"""The routes of the page: who may ask what, what they answer, and how fast with many runs."""

import csv
import io
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from conftest import ROOT, Database, Server
from dags.conftest import uri
from journeys.test_real_scheduler import wait_for
from page_server import HIDDEN, PageAirflow, reader_of
from runs import Books, entry, payments
from trueup import journal, nights, opening
from trueup.run_state import Status
from trueup.stages import report
from trueup.systems import LEDGER

RUNS = 10_000
QUARANTINED = 300_000
# Of one page, on a busy machine with two cores.
SECONDS = 3.0


@pytest.fixture(scope="module")
def books(
    server: Server, migrated: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Books]:
    """A ledger with a past, one for all these tests: an API server is slow to start."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("sources")
        patch.setenv("TRUEUP_SOURCE_ROOTS", str(folder))
        books = Books(server.create(migrated), folder)
        books.open_world()
        yield books


@pytest.fixture(scope="module")
def completed(books: Books, page: PageAirflow) -> str:
    """A run with a replay, quarantine and a break, and its report where the page looks for it."""
    books.write(
        "expected.csv", "account_id,currency_code,expected_balance\nalice,USD,12345678901234.56\n"
    )
    rows = [
        *payments(20),
        entry(amount="1,50", referenceId="comma"),
        entry("nobody", referenceId="unknown", metadata='{"card": "4111111111111111"}'),
    ]
    run = books.backfill(
        rows, expected_balances="expected.csv", accept_breaks=1, max_quarantined="2", batch_size=3
    )
    assert run.status == "completed", run.message
    with books.database.connect() as connection:
        report.report(connection, journal.read_run(connection, run.run_id), page.reports)
    return run.run_id


@pytest.fixture(scope="module")
def crowd(books: Books, completed: str) -> str:
    """Ten thousand runs, one of them with a large quarantine and many batches; gives its id."""
    books.database.do(
        "INSERT INTO trueup.runs (run_id, dag_id, system, status, stage, plan, dry_run, source, "
        "source_id, source_type, code_fingerprint, started_by, started_at, last_seen_at, "
        "total_to_process, total_read, total_posted) "
        "SELECT 'crowd-' || i, 'ledger_backfill', 'ledger', "
        "CASE WHEN i %% 10 = 0 THEN 'refused' ELSE 'completed' END, 'complete', "
        """'{"source": "many.csv"}', false, 'many.csv', 'many', 'CSV', '', 'tester', """
        # Pairs share a moment: a page must not lose one of them.
        "now() - INTERVAL '1 day' - make_interval(mins => i / 2), now(), 10, 10, 10 "
        "FROM generate_series(1, %s) AS numbers (i)",
        RUNS,
    )
    books.database.do(
        "INSERT INTO trueup.run_ranges (run_id, range_no, first_key, last_key, checkpoint_key, "
        "batches, read, posted) SELECT 'crowd-' || i, range_no, 1, 10, 10, 1, 5, 5 "
        "FROM generate_series(1, %s) AS numbers (i), generate_series(0, 1) AS ranges (range_no)",
        RUNS,
    )
    books.database.do(
        "INSERT INTO trueup.quarantine (run_id, position, stage, reason_code, reason, raw, fields) "
        "SELECT 'crowd-1', i, 'validate', "
        "CASE WHEN i %% 1000 = 0 THEN 'same_account' ELSE 'invalid_amount' END, "
        "'The amount is off.', 'MASTER,a,b,x' || i, "
        "jsonb_build_object('amount', 'x' || i, 'referenceId', 'r-' || i) "
        "FROM generate_series(1, %s) AS numbers (i)",
        QUARANTINED,
    )
    books.database.do(
        "INSERT INTO trueup.batches (run_id, batch_no, range_no, first_key, last_key, read, "
        "posted, replayed, quarantined, seconds, checkpoint_seconds, committed_at) "
        "SELECT 'crowd-1', i, 0, i, i, 100, 100, 0, 0, 0.9, 0.1, "
        "'2026-01-01 00:00:00+00'::TIMESTAMPTZ + make_interval(secs => i) "
        "FROM generate_series(1, 20000) AS numbers (i)"
    )
    books.database.do("ANALYZE")
    return "crowd-1"


@pytest.fixture(scope="module")
def page(server: Server, books: Books, new_airflow: Callable[..., PageAirflow]) -> PageAirflow:
    """The API server: the ledger stands, the vault does not answer, of the wallets there is no
    connection, and the capital's database is empty."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = f"postgresql://nobody@127.0.0.1:{closed.getsockname()[1]}/vault"
    found = new_airflow(
        books.database,
        books.folder,
        vault_db_reader=nowhere,
        capital_db_reader=uri(server.create().conninfo),
    )
    found.start(["api-server"])
    return found


def of_run(run_id: str, rest: str = "") -> str:
    """The path of a run of the ledger."""
    return f"runs/ledger/{run_id}{rest}"


def insert_run(
    books: Books, run_id: str, status: str, dag_id: str = "ledger_backfill", source: str = "s"
) -> None:
    """A run of which nothing but its row is wanted."""
    books.database.do(
        "INSERT INTO trueup.runs (run_id, dag_id, system, status, plan, dry_run, source, "
        "source_id, source_type, code_fingerprint, started_by) "
        "VALUES (%s, %s, 'ledger', %s, '{}', true, %s, 's', 'CSV', '', 'tester')",
        run_id, dag_id, status, source,
    )  # fmt: skip


# Who may


ROUTES = (
    "runs", "counts", "airflow-run?dag_id=a&airflow_run_id=b", "runs/ledger/x",
    "runs/ledger/x/batches", "runs/ledger/x/breaks", "runs/ledger/x/reasons",
    "runs/ledger/x/files", "runs/ledger/x/quarantine", "runs/ledger/x/quarantine.csv", "nights",
    "nights/ledger/x",
    "reports/ledger/x/report.html", "runbook/completed",
)  # fmt: skip


@pytest.mark.parametrize("route", ROUTES)
def test_nobody_is_told_anything_who_is_not_logged_in(page: PageAirflow, route: str):
    answer = page.get(route, user=None)
    assert (answer.status, answer.json["detail"]) == (401, "Not authenticated")


def test_every_route_is_among_those_that_were_tried_as_nobody_and_none_writes(page: PageAirflow):
    text = (ROOT / "plugins" / "trueup_web" / "app.py").read_text()
    routes = re.findall(r"@app\.(\w+)\(\s*\"/([^\"]+)\"", text)
    # Beside the front end, which holds no data, and the handler of an exception.
    assert len(routes) + 2 == text.count("@app.") + text.count("app.mount(")
    assert {verb for verb, _ in routes} == {"get"}
    tried = {re.sub(r"\?.*", "", each) for each in ROUTES}
    for _, path in routes:
        pattern = re.sub(r"\{path:path\}", ".+", path)
        pattern = re.sub(r"\{\w+\}", "[^/]+", pattern)
        assert any(re.fullmatch(pattern, each) for each in tried), path


def test_a_viewer_sees_counts_and_reasons_and_no_row(page: PageAirflow, completed: str):
    assert page.get(of_run(completed), user="viewer").status == 200
    reasons = page.get(of_run(completed, "/reasons"), user="viewer")
    assert {row["reason_code"]: row["rows"] for row in reasons.json} == {
        "invalid_amount": 1,
        "unknown_account": 1,
    }
    for route in ("/quarantine", "/quarantine.csv", "/files"):
        refused = page.get(of_run(completed, route), user="viewer")
        assert refused.status == 403
        assert "may trigger ledger_backfill" in refused.json["detail"]
    refused = page.get(f"reports/ledger/{completed}/report.html", user="viewer")
    assert refused.status == 403
    seen = b"".join(
        page.get(of_run(completed, route), user="viewer").body
        for route in ("", "/reasons", "/breaks", "/batches")
    )
    assert b"4111111111111111" not in seen
    assert b"1,50" not in seen


def test_a_viewer_is_offered_nothing_and_refused_by_airflow(page: PageAirflow, completed: str):
    may = page.get(of_run(completed), user="viewer").json["may"]
    assert may == {"rows": False, "control": False, "roll_back": False}
    for dag_id, conf in (
        ("rollback", {"run_id": completed, "mode": "delete"}),
        ("run_control", {"run_id": completed, "action": "pause"}),
    ):
        refused = page.send(
            "POST", f"/api/v2/dags/{dag_id}/dagRuns", "viewer", {"logical_date": None, "conf": conf}
        )
        assert refused.status == 403


def test_who_may_act_pauses_what_is_offered_and_stands_in_airflows_audit_log(
    page: PageAirflow, books: Books
):
    rows = [row | {"referenceId": f"pause-{i}"} for i, row in enumerate(payments(20, ("bob",)))]
    attempt = books.begin(rows, source_id="pause", batch_size=10).to_posting()
    attempt.post_one_batch()
    run = page.get(of_run(attempt.run_id), user="reviewer").json
    assert run["may"] == {"rows": True, "control": True, "roll_back": True}
    assert run["offers"] == {"pause": []}
    asked = page.send(
        "POST", "/api/v2/dags/run_control/dagRuns", "reviewer",
        {"logical_date": None, "conf": {"run_id": attempt.run_id, "action": "pause"}},
    )  # fmt: skip
    assert asked.status == 200
    logged = page.send("GET", "/api/v2/eventLogs?dag_id=run_control", "admin").json["event_logs"]
    assert [(row["event"], row["owner"]) for row in logged] == [("trigger_dag_run", "reviewer")]
    assert attempt.run_id in logged[0]["extra"]
    # No scheduler is here to take it up; the page tells that it waits, and would tell of a pause.
    where = f"/api/v2/dags/run_control/dagRuns/{asked.json['dag_run_id']}"
    assert page.send("GET", where, "reviewer").json["state"] == "queued"
    assert page.send("GET", "/api/v2/dags/run_control", "reviewer").json["is_paused"] is False
    # What the DAG run was asked for is what the engine takes.
    with books.database.connect() as connection:
        opening.pause_run(connection, asked.json["conf"]["run_id"])
    run = page.get(of_run(attempt.run_id)).json
    assert run["status"] == "paused"
    assert set(run["offers"]) == {"resume", "roll_back"}
    attempt.roll_back()
    assert page.get(of_run(attempt.run_id)).json["offers"] == {}
    attempt.die()


def test_runs_of_a_dag_that_one_may_not_read_are_not_there(
    page: PageAirflow, books: Books, completed: str
):
    hidden = "hidden-run"
    insert_run(books, hidden, "previewed", dag_id=HIDDEN)
    everything = [run["run_id"] for run in page.get("runs", rows=500).json["runs"]]
    narrow = [run["run_id"] for run in page.get("runs", user="narrow", rows=500).json["runs"]]
    assert hidden in everything
    assert hidden not in narrow
    assert completed in narrow
    for rest in ("", "/batches", "/breaks", "/reasons", "/quarantine", "/quarantine.csv"):
        refused = page.get(of_run(hidden, rest), user="narrow")
        assert refused.status == 403, rest
        assert refused.json["detail"] == f"You may not read the DAG {HIDDEN}."
    refused = page.get("airflow-run", user="narrow", dag_id=HIDDEN, airflow_run_id="x")
    assert refused.status == 403
    assert page.get(f"reports/ledger/{hidden}/report.html", user="narrow").status == 403


def test_who_may_see_a_dag_and_not_its_runs_sees_none_in_any_list(
    page: PageAirflow, completed: str
):
    assert page.send("GET", "/api/v2/dags/ledger_backfill", "outside").status == 200
    assert page.send("GET", "/api/v2/dags/ledger_backfill/dagRuns", "outside").status == 403
    assert page.get("runs", user="outside").json["runs"] == []
    assert page.get("counts", user="outside").json["counts"]["ledger"] == []
    assert page.get("nights", user="outside").json["nights"]["ledger"] == []
    assert page.get(of_run(completed), user="outside").status == 403


def test_a_run_of_a_dag_that_airflow_does_not_know_opens_for_nobody(
    page: PageAirflow, books: Books
):
    insert_run(books, "gone-run", "completed", dag_id="ledger_import_of_last_year")
    for rest in ("", "/batches", "/quarantine.csv", "/files"):
        refused = page.get(of_run("gone-run", rest))
        assert refused.status == 403, rest
        assert "may not read the DAG ledger_import_of_last_year" in refused.json["detail"]
    assert "gone-run" not in [run["run_id"] for run in page.get("runs", rows=500).json["runs"]]


def test_only_who_takes_rows_away_stands_in_the_audit_log_for_it(page: PageAirflow, completed: str):
    def logged() -> list[tuple[str, str, str]]:
        path = "/api/v2/eventLogs?event=trueup_download_quarantine"
        found = page.send("GET", path, "admin").json["event_logs"]
        return [(row["owner"], row["dag_id"], row["run_id"]) for row in found]

    before = logged()
    assert page.get(of_run(completed, "/quarantine.csv"), user="viewer").status == 403
    assert page.get(of_run("no-such-run", "/quarantine.csv")).status == 404
    assert logged() == before
    assert page.get(of_run(completed, "/quarantine.csv"), user="reviewer").status == 200
    assert logged() == [*before, ("reviewer", "ledger_backfill", completed)]


def test_the_pages_role_reads_views_and_nothing_else(books: Books, page: PageAirflow):
    conninfo = reader_of(books.database)
    if conninfo == books.database.conninfo:
        pytest.skip("the server of the tests has no role trueup_reader")
    with psycopg.connect(conninfo, autocommit=True) as reader:
        assert reader.execute("SELECT count(*) FROM trueup.run_overview").fetchone()
        for statement in (
            "SELECT count(*) FROM trueup.runs",
            "SELECT count(*) FROM trueup.quarantine",
            "UPDATE trueup.quarantined_rows SET reason = 'none'",
            "DELETE FROM trueup.run_events",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(statement)


# What they answer


def test_a_run_is_told_with_money_as_text(page: PageAirflow, completed: str):
    run = page.get(of_run(completed)).json
    assert (run["status"], run["total_read"], run["total_posted"], run["total_quarantined"]) == (
        "completed", 22, 20, 2,
    )  # fmt: skip
    (totals,) = run["figures"]["totals"]
    assert (totals["currency_code"], totals["entries"], totals["amount"]) == ("USD", 20, "211.90")
    (balance,) = run["figures"]["trial_balance"]
    assert (balance["run_entries"], balance["net"]) == (20, "0.00")
    assert run["state_hash_before"]
    assert run["state_hash_after"] is None  # a rollback takes it
    assert [each["checkpoint_key"] for each in run["checkpoints"]] == [23]
    assert run["events"][0]["event"].startswith("Opened for entries.csv")
    assert run["events"][-1]["event"].startswith("Completed: 22 read")
    assert run["runbook"] == "first-how-does-it-stand"
    assert datetime.fromisoformat(run["started_at"]).tzinfo
    answer = page.get(of_run(completed, "/breaks")).json
    (found,) = answer["breaks"]
    assert answer["next"] is None
    assert (found["account_id"], found["expected"], found["difference"]) == (
        "alice", "12345678901234.56", "-12345678901163.93",
    )  # fmt: skip


def test_quarantined_rows_are_shown_as_they_stood_page_by_page(page: PageAirflow, completed: str):
    first = page.get(of_run(completed, "/quarantine"), rows=1).json
    rest = page.get(of_run(completed, "/quarantine"), after=first[0]["position"]).json
    assert [row["reason_code"] for row in (*first, *rest)] == ["invalid_amount", "unknown_account"]
    assert "1,50" in first[0]["raw"]
    only = page.get(of_run(completed, "/quarantine"), reason="unknown_account").json
    assert [row["position"] for row in only] == [rest[0]["position"]]


def test_breaks_are_paged_by_where_the_page_before_ended(page: PageAirflow, books: Books):
    insert_run(books, "breaks", "completed")
    books.database.do(
        "INSERT INTO trueup.breaks (run_id, account_id, currency_code, compared_with, expected, "
        "actual, cause) SELECT 'breaks', 'a' || i, currency, 'entries', 0, "
        # Many of one size, of both signs, and with more decimals than their currency has.
        "(CASE WHEN i % 2 = 0 THEN 1 ELSE -1 END) * (i / 7) * 1.001, 'x' "
        "FROM generate_series(7, 60) AS numbers (i), "
        "unnest(ARRAY['USD', 'JPY']) AS codes (currency)"
    )
    seen: list[tuple[str, str]] = []
    sizes: list[Decimal] = []
    cursor: dict[str, Any] = {}
    while True:
        answer = page.get(of_run("breaks", "/breaks"), rows=10, **cursor).json
        seen += [(row["account_id"], row["currency_code"]) for row in answer["breaks"]]
        sizes += [abs(Decimal(row["difference"])) for row in answer["breaks"]]
        if not answer["next"]:
            break
        cursor = answer["next"]
    assert len(seen) == len(set(seen)) == 108
    assert sizes == sorted(sizes, reverse=True)


def test_the_middle_of_a_long_story_is_left_out_and_said_so(page: PageAirflow, books: Books):
    insert_run(books, "long-story", "completed", source="SELECT 1 " * 1_000)
    books.database.do(
        "INSERT INTO trueup.audit_log (run_id, stage, event) "
        "SELECT 'long-story', 'post', i::TEXT FROM generate_series(1, 1234) AS numbers (i)"
    )
    run = page.get(of_run("long-story")).json
    assert [int(event["event"]) for event in run["events"]] == [*range(1, 101), *range(835, 1235)]
    assert {event["event"]: event["left_out"] for event in run["events"] if event["left_out"]} == {
        "835": 734
    }
    # A source may be a query: the list has its beginning, the page of the run all of it.
    assert len(run["source"]) == 9_000
    (listed,) = [each for each in page.get("runs").json["runs"] if each["run_id"] == "long-story"]
    assert listed["source"] == run["source"][:300]


def test_how_fast_a_run_was_is_told_by_its_batches_and_not_by_its_waiting(
    page: PageAirflow, books: Books
):
    insert_run(books, "waited", "completed")
    assert page.get(of_run("waited")).json["rows_per_second"] is None
    # Two workers for ten seconds at the same time, an hour of waiting, five seconds more.
    for number, (seconds, ended) in enumerate(((10, 10), (8, 10), (5, 3615))):
        books.database.do(
            "INSERT INTO trueup.batches (run_id, batch_no, range_no, first_key, last_key, read, "
            "posted, replayed, quarantined, seconds, checkpoint_seconds, committed_at) VALUES "
            "('waited', %s, 0, 1, 1, 100, 100, 0, 0, %s, 0, "
            "'2026-01-01 00:00:00+00'::TIMESTAMPTZ + make_interval(secs => %s))",
            number, seconds, ended,
        )  # fmt: skip
    run = page.get(of_run("waited")).json
    assert (run["batch_seconds"], run["rows_per_second"]) == ("15.000", "20.0")


def test_the_download_is_the_file_beside_the_report_and_runs_nothing(
    page: PageAirflow, books: Books
):
    odd = [
        entry("nobody", amount="-12.50", referenceId="@ref", transactionType="=HYPERLINK(1)"),
        entry("nobody", referenceId="'=1+1", metadata='{"a": "b"}'),
    ]
    rows = [row | {"referenceId": f"odd-{i}"} for i, row in enumerate(payments(2, ("bob",)))]
    run = books.backfill([*rows, *odd], source_id="odd", max_quarantined="100 %")
    with books.database.connect() as connection:
        written = report.report(connection, journal.read_run(connection, run.run_id), page.reports)
    answer = page.get(of_run(run.run_id, "/quarantine.csv"))
    assert answer.body == Path(written["quarantine"]).read_bytes()
    first, second = csv.DictReader(io.StringIO(answer.body.decode(), newline=""))
    assert (first["amount"], first["referenceId"], first["transactionType"]) == (
        "-12.50", "'@ref", "'=HYPERLINK(1)",
    )  # fmt: skip
    assert second["referenceId"] == "''=1+1"
    mended = answer.body.decode().replace("nobody", "bob").replace(",-12.50,", ",12.50,")
    assert books.backfill(books.write("mended-odd.csv", mended)).total_posted == 2
    assert {"@ref", "'=1+1"} <= set(books.references())


def test_the_downloaded_quarantine_can_be_mended_and_loaded(
    page: PageAirflow, books: Books, completed: str
):
    answer = page.get(of_run(completed, "/quarantine.csv"))
    assert answer.status == 200
    assert f"{completed}-quarantine.csv" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))
    assert [row["quarantineReasonCode"] for row in rows] == ["invalid_amount", "unknown_account"]
    for row in rows:
        row |= {"amount": "1.50", "debitAccountId": "alice"}
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    run = books.backfill(books.write("mended.csv", text.getvalue()))
    assert (run.status, run.total_posted) == ("completed", 2), run.message
    assert {"comma", "unknown"} <= set(books.references())


def test_a_run_is_found_by_its_airflow_run(page: PageAirflow, books: Books, completed: str):
    airflow_run = books.database.value(
        "SELECT airflow_run_id FROM trueup.run_attempts WHERE run_id = %s", completed
    )
    found = page.get("airflow-run", dag_id="ledger_backfill", airflow_run_id=airflow_run).json
    assert found["runs"] == [{"system": "ledger", "run_id": completed}]
    assert found["comes"] is True
    assert page.get("airflow-run", dag_id="watch_runs", airflow_run_id="x").json["comes"] is False
    assert page.get("airflow-run", dag_id="ledger_backfill", airflow_run_id="x").json["runs"] == []


def test_systems_that_cannot_be_shown_are_told_in_words_and_take_nothing_from_others(
    page: PageAirflow, completed: str
):
    answer = page.get("runs", rows=500)
    assert completed in [run["run_id"] for run in answer.json["runs"]]
    absent = {each["system"]: each for each in answer.json["absent"]}
    assert set(absent) == {"vesting", "wallet", "capital"}
    assert absent["vesting"]["sentence"].startswith("The database of vesting cannot be reached.")
    assert not absent["vesting"]["missing"]
    assert "no Airflow connection wallet_db_reader" in absent["wallet"]["sentence"]
    assert "no journal of this version" in absent["capital"]["sentence"]
    assert page.get("runs/vesting/x").status == 503
    assert page.get("runs/wallet/x").status == 404
    assert page.get("runs/nonsense/x").status == 404
    assert page.get(of_run("no-such-run")).status == 404
    assert {each["system"] for each in page.get("nights").json["absent"]} == set(absent)


def test_a_run_that_works_and_gives_no_sign_of_life_is_stalled(page: PageAirflow, books: Books):
    attempt = books.begin([entry()], dry_run=True).audit().ingest()

    def is_stalled_after(minutes: int) -> bool:
        books.database.do(
            "UPDATE trueup.runs SET last_seen_at = now() - make_interval(mins => %s) "
            "WHERE run_id = %s",
            minutes, attempt.run_id,
        )  # fmt: skip
        return page.get(of_run(attempt.run_id)).json["stalled"]

    assert is_stalled_after(6) is False  # somebody is connected, and may be in a long statement
    assert is_stalled_after(31) is True
    stalled = page.get("runs", stalled="true").json["runs"]
    assert [run["run_id"] for run in stalled] == [attempt.run_id]
    attempt.validate().preview()
    assert page.get("runs", stalled="true").json["runs"] == []
    attempt.die()


def test_a_posting_run_says_how_fast_it_is_and_how_long_it_takes(page: PageAirflow, books: Books):
    rows = [row | {"referenceId": f"speed-{i}"} for i, row in enumerate(payments(40, ("bob",)))]
    attempt = books.begin(rows, source_id="speed", batch_size=10).to_posting()
    attempt.post_one_batch()
    run = page.get(of_run(attempt.run_id)).json
    assert (run["status"], run["total_read"], run["total_to_process"]) == ("posting", 10, 40)
    assert float(run["recent_rows_per_second"]) > 0
    assert run["seconds_left"] is not None
    attempt.post().check_balances().constrain().expect().reconcile().complete()
    assert page.get(of_run(attempt.run_id)).json["seconds_left"] is None
    attempt.roll_back()
    run = page.get(of_run(attempt.run_id)).json
    assert run["status"] == "rolled_back"
    assert run["state_hash_after"] == run["state_hash_before"]
    attempt.die()


def test_nights_tell_drift_and_backlog(page: PageAirflow, books: Books, completed: str):
    with books.database.connect() as connection:
        clean = nights.look(connection, LEDGER, "nightly_reconciliation", "one")
        books.database.do("UPDATE bank_accounts SET balance = balance + 3, available_balance = "
                          "available_balance + 3 WHERE id = 'alice'")  # fmt: skip
        broken = nights.look(connection, LEDGER, "nightly_reconciliation", "two")
        books.database.do("UPDATE bank_accounts SET balance = balance - 3, available_balance = "
                          "available_balance - 3 WHERE id = 'alice'")  # fmt: skip
    told = page.get("nights").json["nights"]["ledger"]
    assert [(night["night_id"], night["status"]) for night in told] == [
        (broken.night_id, "broken"), (clean.night_id, "clean"),
    ]  # fmt: skip
    assert told[0]["drift"] == {"USD": "3"}  # once, however many checks have seen it
    assert told[1]["drift"] == {}
    # Of a night from before it was kept nobody knows.
    books.database.do(
        "UPDATE trueup.nights SET figures = figures - 'drift' WHERE night_id = %s", broken.night_id
    )
    assert page.get("nights").json["nights"]["ledger"][0]["drift"] == {"": None}
    assert told[0]["figures"]["measured"]["outbox_backlog"] == 0
    night = page.get(f"nights/ledger/{broken.night_id}").json
    assert "alice" in {row["subject"] for row in night["findings"]}
    one_by_one, cursor = [], {}
    while cursor is not None:
        answer = page.get(f"nights/ledger/{broken.night_id}", rows=1, **cursor).json
        one_by_one += answer["findings"]
        cursor = answer["next"]
    assert len(one_by_one) > 1
    assert one_by_one == night["findings"]
    assert page.get(f"nights/ledger/{clean.night_id}").json["findings"] == []


# Reports and runbook in place


def test_a_report_is_shown_in_place_and_can_run_nothing(page: PageAirflow, completed: str):
    files = page.get(of_run(completed, "/files")).json
    assert files["Report"] == f"{completed}/report.html"
    answer = page.get(f"reports/ledger/{files['Report']}")
    assert answer.status == 200
    assert completed.encode() in answer.body
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-same-origin" in policy
    assert "script" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_no_path_leads_out_of_a_runs_own_folders(page: PageAirflow, books: Books, completed: str):
    other = page.reports / "other-run"
    other.mkdir()
    (other / "report.html").write_text("of another run")
    (page.reports / "latest.html").write_text("the last report")
    (page.reports / completed / ".draft.html").write_text("a draft")
    (page.reports / completed / "out.html").symlink_to(page.log)
    (page.reports / completed / "script.js").write_text("alert(1)")
    assert page.log.exists()
    base = f"/trueup/reports/ledger/{completed}"
    for path in (
        f"{base}/../../airflow.log",
        f"{base}/../other-run/report.html",
        f"{base}/..%2Fother-run%2Freport.html",
        f"{base}/%2e%2e/%2e%2e/passwords.json",
        f"{base}/..%2f..%2fpasswords.json",
        f"{base}/%2Fetc%2Fpasswd",
        f"{base}/report.html%00.css",
        f"{base}/.draft.html",
        f"{base}/out.html",
        f"{base}/script.js",
        f"{base}/",
        f"/trueup/reports/ledger/data_docs/{completed}/../../other-run/report.html",
        f"/trueup/reports/ledger/data_docs/../{completed}/report.html",
        "/trueup/reports/ledger/latest.html",
        "/trueup/reports/ledger/other-run/report.html",
        "/trueup/static/../app.py",
        "/trueup/static/%2e%2e/app.py",
    ):
        answer = page.send("GET", path, "admin")
        assert answer.status == 404, path
        assert b"root:" not in answer.body


def test_the_runbook_has_a_place_for_every_state(page: PageAirflow, books: Books):
    text = page.get("runbook/completed").body.decode()
    for status in Status:
        insert_run(books, f"is-{status}", status)
        anchor = page.get(of_run(f"is-{status}")).json["runbook"]
        assert f'id="{anchor}"' in text, status
        assert page.get(f"runbook/{status}").status == 200
    assert 'href="#refused"' in text
    assert 'href="decisions' not in text
    assert page.get("runbook/nonsense").status == 404


def test_the_front_end_is_served_as_modules_that_are_asked_for_each_time(page: PageAirflow):
    answer = page.send("GET", "/trueup/static/main.js", None)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Cache-Control"] == "no-cache"
    plugins = page.send("GET", "/api/v2/plugins", "admin").json["plugins"]
    (ours,) = [plugin for plugin in plugins if plugin["name"] == "trueup_page"]
    assert {each["destination"] for each in ours["react_apps"]} == {"nav", "dag_run"}
    assert page.send("GET", "/api/v2/plugins/importErrors", "admin").json["total_entries"] == 0


# Ten thousand runs


def timed(page: PageAirflow, path: str, **query: Any) -> Any:
    """What a route answers, which must not take long."""
    started = time.monotonic()
    answer = page.get(path, **query)
    assert answer.status == 200
    assert time.monotonic() - started < SECONDS
    return answer.json


def test_ten_thousand_runs_are_paged_without_losing_one(page: PageAirflow, crowd: str):
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        answer = timed(page, "runs", system="ledger", rows=500, **cursor)
        seen += [run["run_id"] for run in answer["runs"]]
        if not answer["next"]:
            break
        cursor = answer["next"]
    assert len(seen) == len(set(seen))
    assert len([each for each in seen if each.startswith("crowd-")]) == RUNS
    first = timed(page, "runs")
    assert len(first["runs"]) == 50
    refused = timed(page, "runs", status="refused", rows=500)["runs"]
    assert {run["status"] for run in refused} == {"refused"}
    counted = {row["status"]: row["runs"] for row in timed(page, "counts")["counts"]["ledger"]}
    assert counted["refused"] >= RUNS // 10


def test_a_large_quarantine_is_paged_in_the_database(page: PageAirflow, crowd: str):
    reasons = {row["reason_code"]: row["rows"] for row in timed(page, of_run(crowd, "/reasons"))}
    assert reasons == {
        "invalid_amount": QUARANTINED - QUARANTINED // 1000,
        "same_account": QUARANTINED // 1000,
    }
    first = timed(page, of_run(crowd, "/quarantine"))
    assert [row["position"] for row in first] == list(range(1, 51))
    deep = timed(page, of_run(crowd, "/quarantine"), after=QUARANTINED - 10)
    assert [row["position"] for row in deep] == list(range(QUARANTINED - 9, QUARANTINED + 1))
    rare = timed(page, of_run(crowd, "/quarantine"), reason="same_account", after=150_000)
    assert [row["position"] for row in rare[:2]] == [151_000, 152_000]


def test_a_large_quarantine_is_downloaded_whole_and_begins_at_once(page: PageAirflow, crowd: str):
    with page.open(of_run(crowd, "/quarantine.csv")) as answer:
        started = time.monotonic()
        header = answer.readline().decode()
        assert time.monotonic() - started < SECONDS
        lines = answer.read().decode().splitlines()
    assert header.startswith("ledgerId,debitAccountId,creditAccountId,amount,")
    assert len(lines) == QUARANTINED
    assert lines[-1].startswith(f",,,x{QUARANTINED},,,,r-{QUARANTINED},,,,{QUARANTINED},")


def test_nobody_who_reads_slowly_holds_a_transaction(page: PageAirflow, books: Books, crowd: str):
    """Ten who have begun to read and do not go on: more than there may be sessions."""
    with ExitStack() as opened:
        readers = [
            opened.enter_context(page.open(of_run(crowd, "/quarantine.csv"))) for _ in range(10)
        ]
        assert all(reader.readline() for reader in readers)
        wait_for("the page to be idle", lambda: at_work(books) == 0, 10)
        assert page.get("runs", system="ledger").json["absent"] == []


def at_work(books: Books) -> int:
    """How many sessions of the page are in a transaction."""
    return books.database.value(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND application_name = 'trueup page' AND state <> 'idle'"
    )


def test_many_batches_are_added_up_to_a_chart_of_three_hundred_points(
    page: PageAirflow, crowd: str
):
    points = timed(page, of_run(crowd, "/batches"))
    assert len(points) == 300
    assert sum(point["batches"] for point in points) == 20_000
    assert all(90 < float(point["rows_per_second"]) < 110 for point in points)
    assert {point["batch_size"] for point in points} == {"100"}


def test_a_server_that_was_started_again_is_read_again(page: PageAirflow, books: Books):
    books.database.do(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = 'trueup page'"
    )
    wait_for("the page", lambda: "ledger" in page.get("counts").json["counts"], 5)
    assert page.get("runs", system="ledger").json["absent"] == []
