"""What a person reads and presses on the page, in a real browser; no scheduler is needed for it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from conftest import Database, Server
from page_server import PageAirflow
from runs import Attempt, Books, payments
from trueup import opening

playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright drives the browser; make setup installs it"
)

SENTENCES = 1_234
BREAKS = 120
QUARANTINED = 160


@pytest.fixture(scope="module")
def books(
    server: Server, migrated: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Books]:
    """A ledger; in its journal a run that has too much of everything for one page."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("sources")
        patch.setenv("TRUEUP_SOURCE_ROOTS", str(folder))
        books = Books(server.create(migrated), folder)
        books.open_world()
        books.database.do(
            "INSERT INTO trueup.runs (run_id, dag_id, system, status, plan, dry_run, source, "
            "source_id, source_type, code_fingerprint, started_by, breaks, total_quarantined, "
            "figures) VALUES ('crowded', 'ledger_backfill', 'ledger', 'completed', %s, false, %s, "
            "'s', 'DATABASE', '', 'tester', %s, %s, %s)",
            '{"source": "s", "extra": {"a": 1}, "limit": null}', "SELECT 1 " * 1_000, BREAKS,
            QUARANTINED, '{"given": ["extra", "limit"]}',
        )  # fmt: skip
        for statement, number in (
            ("INSERT INTO trueup.audit_log (run_id, stage, event) SELECT 'crowded', 'post', "
             "'sentence ' || i FROM generate_series(1, %s) AS numbers (i)", SENTENCES),
            ("INSERT INTO trueup.breaks (run_id, account_id, currency_code, compared_with, "
             "expected, actual, cause) SELECT 'crowded', 'account-' || i, 'USD', 'entries', 0, i, "
             "'x' FROM generate_series(1, %s) AS numbers (i)", BREAKS),
            ("INSERT INTO trueup.quarantine (run_id, position, stage, reason_code, reason, raw, "
             "fields) SELECT 'crowded', i, 'validate', CASE WHEN i <= 150 THEN 'invalid_amount' "
             "ELSE 'same_account' END, 'off', 'row-' || i, '{}' "
             "FROM generate_series(1, %s) AS numbers (i)", QUARANTINED),
        ):  # fmt: skip
            books.database.do(statement, number)
        yield books


@pytest.fixture(scope="module")
def airflow(browser: Any, new_airflow: Callable[..., PageAirflow], books: Books) -> PageAirflow:
    """The API server; not started where there is no browser to look at it."""
    found = new_airflow(books.database, books.folder)
    found.start(["api-server"])
    return found


@pytest.fixture
def page(log_in: Callable[..., Any]) -> Any:
    """The browser of somebody who may do everything."""
    return log_in("admin")


def is_seen(page: Any, text: str) -> None:
    """A text shows, if not now, then in time."""
    shown = page.get_by_text(text, exact=True).filter(visible=True).first
    playwright.expect(shown).to_be_visible(timeout=60_000)


def buttons(page: Any) -> list[str]:
    """Which actions are offered."""
    names = ("Pause", "Resume", "Retry quarantined rows", "Roll back")
    found = [page.get_by_role("button", name=name, exact=True) for name in names]
    return [name for name, button in zip(names, found, strict=True) if button.count()]


def test_a_pause_that_waits_says_for_what_and_the_buttons_follow_the_run(
    page: Any, airflow: PageAirflow, books: Books
):
    attempt: Attempt = books.begin(payments(20), batch_size=10).to_posting()
    attempt.post_one_batch()
    page.goto(f"/plugin/trueup/runs/ledger/{attempt.run_id}")
    is_seen(page, "50 % of the rows are settled.")
    assert buttons(page) == ["Pause"]

    page.get_by_role("button", name="Pause").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Pause").click()
    is_said(page, "It is queued, and begins when a scheduler takes it up.")
    set_paused(airflow, True)
    is_said(page, "stays so: the DAG run_control is paused. Unpause it, and it begins.")
    set_paused(airflow, False)

    with books.database.connect() as connection:
        opening.pause_run(connection, attempt.run_id)
    page.get_by_role("button", name="Resume").wait_for()
    assert buttons(page) == ["Resume", "Roll back"]
    page.get_by_role("button", name="Roll back").click()
    modes = page.get_by_role("alertdialog").locator("option").all_inner_texts()
    assert [mode.split(":")[0] for mode in modes] == ["Delete", "Reverse"]
    page.get_by_role("button", name="Leave it").click()

    attempt.roll_back()
    attempt.die()
    is_seen(page, "What it posted was taken back.")
    assert buttons(page) == []


def is_said(page: Any, words: str) -> None:
    """A text has some words in it, if not now, then in time."""
    playwright.expect(page.get_by_text(words).first).to_be_visible(timeout=60_000)


def set_paused(airflow: PageAirflow, paused: bool) -> None:
    """Pause the DAG that does what the page asks for, or let it go on."""
    answer = airflow.send("PATCH", "/api/v2/dags/run_control", "admin", {"is_paused": paused})
    assert answer.status == 200


def test_a_long_source_has_a_short_heading_and_params_are_told_as_they_are(page: Any):
    page.goto("/plugin/trueup/runs/ledger/crowded")
    heading = page.get_by_role("heading", name="SELECT 1").inner_text()
    assert len(heading) < 130
    is_seen(page, '{"a":1}')
    # Whole, beneath.
    assert "SELECT 1 " * 999 in page.content()
    assert "[object Object]" not in page.content()


def test_of_a_long_story_the_beginning_and_the_end_are_told(page: Any):
    page.goto("/plugin/trueup/runs/ledger/crowded")
    for sentence in ("sentence 1", "sentence 100", "sentence 835", f"sentence {SENTENCES}"):
        is_seen(page, sentence)
    assert page.get_by_text("sentence 101", exact=True).count() == 0
    assert page.get_by_text("734 sentences between").count() == 1


def test_long_lists_are_paged_there_and_back(page: Any):
    page.goto("/plugin/trueup/runs/ledger/crowded")
    page.get_by_role("tab", name="Breaks").click()
    for pressed, seen in (("Smaller", 70), ("Smaller", 20), ("Larger", 70), ("Larger", 120)):
        page.get_by_role("button", name=pressed).click()
        is_seen(page, f"account-{seen}")
    page.get_by_role("tab", name="Quarantine").click()
    for pressed, seen in (("After", 51), ("After", 101), ("Before", 51)):
        page.get_by_role("button", name=pressed).click()
        is_seen(page, f"row-{seen}")
    page.get_by_role("button", name="same_account").click()
    is_seen(page, f"row-{QUARANTINED}")
    assert page.get_by_text("row-150", exact=True).count() == 0


def test_files_are_looked_for_only_when_somebody_looks_at_them(page: Any):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/plugin/trueup/runs/ledger/crowded")
    is_seen(page, "sentence 1")
    page.get_by_role("tab", name="Breaks").click()
    is_seen(page, f"account-{BREAKS}")
    assert not [url for url in asked if url.endswith("/files")]
    page.get_by_role("tab", name="Report").click()
    page.get_by_text("There is no report yet").wait_for()
    assert [url for url in asked if url.endswith("/files")]
