"""A person's walk through the page, in a real browser, with a real scheduler behind it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import Database, Server
from journeys.test_real_scheduler import slow_down, wait_for
from page_server import PageAirflow
from runs import Books, entry, payments
from trueup import nights
from trueup.systems import LEDGER

playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright drives the browser; make setup installs it"
)

ROWS = 1_500
BATCH_SIZE = 25
# A real scheduler on a busy machine.
SECONDS = 240


@pytest.fixture(scope="module")
def books(server: Server, migrated: Database, tmp_path_factory: pytest.TempPathFactory) -> Books:
    """The ledger that is worked on."""
    books = Books(server.create(migrated), tmp_path_factory.mktemp("sources"))
    books.open_world()
    return books


@pytest.fixture(scope="module")
def airflow(browser: Any, new_airflow: Callable[..., PageAirflow], books: Books) -> PageAirflow:
    """Airflow with the page; not started where there is no browser to look at it."""
    found = new_airflow(books.database, books.folder)
    found.start()
    return found


def open_section(page: Any, title: str) -> None:
    """Open a section of the form, unless it stands open."""
    section = page.get_by_role("button", name=title)
    if section.get_attribute("aria-expanded") == "false":
        section.click()


def trigger_from_the_form(page: Any) -> None:
    """Fill Airflow's own form, as a person does, and trigger."""
    page.goto("/dags/ledger_backfill")
    page.get_by_role("button", name="Trigger").first.click()
    for name, value in {"source": "walk.csv", "expected_balances": "expected.csv"}.items():
        page.fill(f"input[name=element_{name}]", value)
    page.locator("input[name=element_dry_run]").evaluate("box => box.click()")
    chosen = page.locator("input[name=element_approval]")
    # The visible part of Airflow's choice is the field before the hidden one.
    choice = chosen.locator("xpath=preceding::input[@type='text'][1]")
    choice.fill("manual")
    choice.press("Enter")
    # One section is open at a time.
    open_section(page, "How it is loaded")
    for name, value in {"batch_size": BATCH_SIZE, "batch_seconds": 0.1}.items():
        page.fill(f"input[name=element_{name}]", str(value))
    open_section(page, "When to give up")
    page.fill("input[name=element_accept_breaks]", "1")
    page.get_by_role("button", name="Trigger").last.click()


def is_seen(page: Any, text: str | re.Pattern[str], seconds: float = 30) -> None:
    """A text shows, if not now, then in time."""
    shown = page.get_by_text(text).filter(visible=True).first
    playwright.expect(shown).to_be_visible(timeout=seconds * 1000)


def overflows(page: Any) -> bool:
    """Whether anything is wider than the window, but for tables that scroll in their own frame."""
    return page.evaluate(
        "[document.documentElement, ...document.querySelectorAll('[data-trueup]')]"
        ".some(each => each.scrollWidth > each.clientWidth + 1)"
    )


def scrolls(page: Any) -> bool:
    """Whether a table is wider than its frame."""
    return page.evaluate(
        "[...document.querySelectorAll('[data-trueup] table')]"
        ".some(each => each.parentElement.scrollWidth > each.parentElement.clientWidth + 1)"
    )


def test_a_person_walks_from_the_form_to_the_proof_and_a_viewer_is_refused(
    airflow: PageAirflow, books: Books, log_in: Callable[..., Any], tmp_path: Path
):
    slow_down(books.database)
    books.write_entries(
        [*payments(ROWS), entry(amount="1,50", referenceId="comma", metadata='{"pin": "0815"}')],
        "walk.csv",
    )
    books.write("expected.csv", "account_id,currency_code,expected_balance\nalice,USD,1000000.00\n")
    before = books.state()
    page = log_in("admin")

    # Trigger, and find the run on the page while it waits for another person.
    trigger_from_the_form(page)
    page.goto("/")
    page.get_by_role("link", name="Trueup").click()
    is_seen(page, "walk.csv", SECONDS)
    is_seen(page, "awaiting approval", SECONDS)
    run_id = books.database.value("SELECT run_id FROM trueup.runs WHERE source = 'walk.csv'")
    airflow_run = books.database.value(
        "SELECT airflow_run_id FROM trueup.run_attempts WHERE run_id = %s", run_id
    )
    wait_for("the question", lambda: airflow.is_parked(airflow_run), SECONDS)
    assert books.database.value("SELECT count(*) FROM ledger_entries") == 0
    assert not overflows(page)

    # The other one comes from the page to Airflow's own question, and approves.
    reviewer = log_in("reviewer")
    reviewer.goto(f"/plugin/trueup/runs/ledger/{run_id}")
    reviewer.get_by_role("link", name="Look at it, and approve or reject it").click()
    reviewer.get_by_role("button", name="Approve", exact=True).click()

    # Watch the bar move, without loading the page again.
    page.get_by_role("link", name="walk.csv").click()
    seen: list[int] = []

    def is_full() -> bool:
        now = page.get_by_role("progressbar", name="progress", exact=True)
        seen.append(int(now.get_attribute("aria-valuenow") or 0))
        page.wait_for_timeout(300)
        return seen[-1] == 100

    wait_for("the bar to be full", is_full, SECONDS)
    assert len({share for share in seen if 0 < share < 100}) > 1
    assert seen == sorted(seen)
    is_seen(page, f"Completed: {ROWS + 1} read, {ROWS} posted, 0 replayed, 1 quarantined", SECONDS)
    approved_by = "SELECT approved_by FROM trueup.runs WHERE run_id = %s"
    assert books.database.value(approved_by, run_id) == "reviewer"

    # Breaks with their cause; the quarantine as it stood, and as a file.
    page.get_by_role("tab", name="Breaks").click()
    break_found = books.database.row("SELECT cause FROM trueup.balance_breaks")
    is_seen(page, "1,000,000.00")
    is_seen(page, break_found.cause)
    page.get_by_role("tab", name="Quarantine").click()
    is_seen(page, "invalid_amount")
    is_seen(page, "0815")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all as CSV").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert file.name == f"{run_id}-quarantine.csv"
    assert "comma" in file.read_text()
    page.get_by_role("tab", name="Report").click()
    frame = page.locator("iframe[title=Report]")
    playwright.expect(frame).to_be_visible(timeout=SECONDS * 1000)
    # In a frame without scripts, not even the test can look: it asks for the same.
    report = page.request.get(frame.get_attribute("src"))
    assert (report.status, run_id in report.text()) == (200, True)

    refused(log_in("viewer"), run_id)

    # Take it back: only with the run's id typed in; and see the proof.
    page.get_by_role("button", name="Roll back").click()
    dialog = page.get_by_role("alertdialog")
    go = dialog.get_by_role("button", name="Roll back")
    assert go.is_disabled()
    dialog.get_by_role("textbox").fill("something else")
    assert go.is_disabled()
    dialog.get_by_role("textbox").fill(run_id)
    go.click()
    is_seen(page, "It is done.", SECONDS)
    is_seen(page, "rolled back")
    page.get_by_role("tab", name="Proof").click()
    is_seen(page, "Proved: the state hash after the rollback is the one from before the run.")
    after = books.state()
    assert (after["entries"], after["balances"]) == (before["entries"], before["balances"])
    logged = airflow.send("GET", "/api/v2/eventLogs?dag_id=rollback", "admin").json["event_logs"]
    triggers = [row["owner"] for row in logged if row["event"] == "trigger_dag_run"]
    assert triggers == ["admin"]


def refused(viewer: Any, run_id: str) -> None:
    """A viewer sees how it stands, no row and no button; Airflow refuses the rest."""
    viewer.goto(f"/plugin/trueup/runs/ledger/{run_id}")
    is_seen(viewer, "You may look at this run, and not act on it.")
    assert viewer.get_by_role("button", name="Roll back").count() == 0
    viewer.get_by_role("tab", name="Quarantine").click()
    is_seen(viewer, "invalid_amount")
    is_seen(viewer, "Rows as they stood in the source are for those who may trigger")
    assert "0815" not in viewer.content()
    assert viewer.get_by_role("link", name="Download all as CSV").count() == 0
    # Nor with the address, nor by asking Airflow itself with his own session.
    answers = viewer.evaluate(
        """async (run) => Promise.all([
            fetch(`/trueup/runs/ledger/${run}/quarantine.csv`),
            fetch("/api/v2/dags/rollback/dagRuns", {
                method: "POST",
                headers: {"Content-Type": "application/json"},
                body: JSON.stringify({logical_date: null, conf: {run_id: run, mode: "delete"}}),
            }),
        ]).then((both) => both.map((each) => each.status))""",
        run_id,
    )
    assert answers == [403, 403]


@pytest.fixture(scope="module")
def dry_run(airflow: PageAirflow, books: Books) -> tuple[str, str]:
    """A run that has seen much, and the Airflow run that did it: their ids."""
    broken = [entry("nobody", referenceId="x" * 200, metadata='{"note": "' + "y" * 900 + '"}')]
    source = books.write_entries([*payments(30), *broken], "dry.csv")
    airflow_run = airflow.trigger("ledger_backfill", source=source, max_quarantined="1")
    assert airflow.wait_for_end("ledger_backfill", airflow_run) == "success"
    found = "SELECT run_id FROM trueup.run_attempts WHERE airflow_run_id = %s"
    return books.database.value(found, airflow_run), airflow_run


@pytest.fixture(scope="module")
def crowded(dry_run: tuple[str, str], books: Books) -> None:
    """What is wide in a list: a long id, a run that has stalled for days, figures in millions; and
    two nights, one with findings."""
    books.database.do(
        "INSERT INTO trueup.runs (run_id, dag_id, system, status, stage, plan, dry_run, source, "
        "source_id, source_type, code_fingerprint, started_by, started_at, last_seen_at, "
        "total_to_process, total_read, total_posted, total_replayed, total_quarantined, breaks) "
        "VALUES ('capital_tracking_migration-20260101T020000-4f78c7', "
        "'capital_tracking_migration', "
        "'ledger', 'posting', 'post', '{}', true, %s, 's', 'DATABASE', '', "
        "'a.person.with.a.long.name@example.org', now() - INTERVAL '3 days', "
        "now() - INTERVAL '2 days', 123456789, 100200300, 100200300, 1234567, 1234567, 12345)",
        "SELECT every, column, of_a_table FROM legacy.entries WHERE id > 0 ORDER BY id " * 20,
    )  # fmt: skip
    move = (
        "UPDATE bank_accounts SET balance = balance + %s, available_balance = available_balance + "
        "%s WHERE id = 'alice'"
    )
    with books.database.connect() as connection:
        nights.look(connection, LEDGER, "nightly_reconciliation", "clean")
        books.database.do(move, 3, 3)
        nights.look(connection, LEDGER, "nightly_reconciliation", "broken")
        books.database.do(move, -3, -3)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 1920])
def test_every_view_fits_its_window_and_has_words_where_it_is_empty(
    dry_run: tuple[str, str], crowded: None, log_in: Callable[..., Any], width: int, theme: str
):
    run_id, airflow_run = dry_run
    page = log_in("admin", width, theme)
    page.goto("/plugin/trueup")
    is_seen(page, "capital_tracking_migration-20260101T020000-4f78c7")
    is_seen(page, re.compile("stalled"))
    assert page.get_by_role("progressbar").count() > 1
    assert not overflows(page)
    assert not scrolls(page)
    page.goto("/plugin/trueup?status=paused")
    is_seen(page, "No run is like that.")
    assert not overflows(page)
    page.goto("/plugin/trueup/nights")
    is_seen(page, "broken")
    page.get_by_role("table").get_by_role("button").first.click()
    is_seen(page, "alice")
    assert not overflows(page)
    page.goto(f"/plugin/trueup/runs/ledger/{run_id}")
    for tab, words in {
        "Overview": "A dry run commits no batch.",
        "Breaks": "Nothing was compared yet.",
        "Quarantine": "unknown_account",
        "Proof": "The books were not touched: no state hash was taken.",
    }.items():
        page.get_by_role("tab", name=tab).click()
        is_seen(page, words)
        assert not overflows(page), tab
    for tab, words in {"Report": run_id, "Runbook": 'id="first-how-does-it-stand"'}.items():
        page.get_by_role("tab", name=tab).click()
        frame = page.locator(f"iframe[title={tab}]")
        playwright.expect(frame).to_be_visible()
        # In a frame without scripts, not even the test can look: it asks for the same.
        assert words in page.request.get(frame.get_attribute("src")).text()
        assert not overflows(page), tab
    # The same, as a tab of the DAG run.
    page.goto(f"/dags/ledger_backfill/runs/{airflow_run}/plugin/trueup-run")
    is_seen(page, run_id)
    page.goto("/plugin/trueup/runs/ledger/no-such-run")
    is_seen(page, "There is no run or night no-such-run in the journal of ledger.")
