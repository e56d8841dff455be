"""What the tests of the page share: an Airflow that has it and, for those who press, a browser."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from conftest import Database, Server
from page_server import PageAirflow, browser_program


@pytest.fixture(scope="module")
def new_airflow(
    server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., PageAirflow]]:
    """Make an Airflow with the page, its DAGs known and nothing of it started; it ends in time."""
    with ExitStack() as ends:

        def new(ledger: Database, sources: Path, **connections: str) -> PageAirflow:
            home = tmp_path_factory.mktemp("airflow")
            found = PageAirflow(home, server.create(), ledger, sources, **connections)
            ends.callback(found.kill)
            found.run("db", "migrate")
            found.run("dags", "reserialize")
            return found

        yield new


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright drives the browser; make setup installs it"
    )
    with playwright.sync_playwright() as driver:
        program = browser_program(driver)
        if program is None:
            # Not skipped: nobody asks for these tests but to have them run.
            pytest.fail(
                "There is no Chromium here: install one (apt-get install chromium, or playwright "
                "install chromium), or let TRUEUP_BROWSER name it."
            )
        # Chromium's own sandbox cannot be had as root, nor in most containers.
        started = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def log_in(browser: Any, airflow: PageAirflow) -> Iterator[Callable[..., Any]]:
    """Log a user in, in a browser session of his own; what fails in a page fails the test."""
    contexts, errors = [], []

    def log_in(user: str, width: int = 1280, theme: str = "light") -> Any:
        context = browser.new_context(
            base_url=f"http://127.0.0.1:{airflow.port}",
            viewport={"width": width, "height": 1000},
            color_scheme=theme,
            accept_downloads=True,
        )
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto("/auth/login")
        page.fill("input[name=username]", user)
        page.fill("input[name=password]", airflow.password)
        page.click("button[type=submit]")
        page.wait_for_url(lambda url: "login" not in url)
        return page

    yield log_in
    for context in contexts:
        context.close()
    assert errors == []
