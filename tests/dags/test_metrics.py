"""The gauges that we really emit, through Airflow's own StatsD client, and who asks for them."""

import json
import re
import time

import pytest

import gauges
from conftest import ROOT
from runs import SAMPLE

pytestmark = pytest.mark.filterwarnings("default")

POSTS = SAMPLE | {"dry_run": False, "accept_breaks": 4}


@pytest.fixture
def listener(airflow_home, monkeypatch):
    """Airflow's own client, set up as a task's process does, and a real listener at its end."""
    from airflow.sdk.configuration import conf
    from airflow.sdk.observability import stats
    from airflow.sdk.observability.metrics.stats_utils import get_stats_factory

    with gauges.listening() as found:
        monkeypatch.setenv("AIRFLOW__METRICS__STATSD_ON", "True")
        monkeypatch.setenv("AIRFLOW__METRICS__STATSD_HOST", "127.0.0.1")
        monkeypatch.setenv("AIRFLOW__METRICS__STATSD_PORT", str(found.port))
        assert conf.getboolean("metrics", "statsd_on")
        stats.initialize(factory=get_stats_factory(), export_legacy_names=False)
        yield found
    monkeypatch.undo()
    stats.initialize(factory=get_stats_factory(), export_legacy_names=False)


def arrived(listener, prefix: str = "airflow.trueup.ledger.") -> dict[str, float]:
    """Our gauges, once the datagrams are through."""
    time.sleep(0.5)
    return {
        name.removeprefix(prefix): value
        for name, value in listener.gauges.items()
        if name.startswith(prefix)
    }


def test_a_run_and_a_night_say_how_they_stand(run_dag, database, listener):
    run_dag("ledger_backfill", **POSTS)
    run_dag("watch_runs")
    found = arrived(listener)
    assert found["posted_rows"] == 3783
    assert found["quarantined_rows"] == 0
    assert found["breaks"] == 4
    assert max(listener.history["airflow.trueup.ledger.rows_per_second"]) > 0
    assert found["rows_per_second"] == 0  # nobody posts any more
    assert found["is_watched"] == 1
    assert "night_age_seconds" not in found  # there was no night
    assert (found["open_runs"], found["stalled_runs"], found["checkpoint_age_seconds"]) == (0, 0, 0)

    database.do(
        "UPDATE trueup.runs SET status = 'posting', finished_at = NULL, "
        "last_seen_at = clock_timestamp() - INTERVAL '2 hours'"
    )
    run_dag("watch_runs")
    run_dag("nightly_reconciliation")
    found = arrived(listener)
    assert (found["open_runs"], found["stalled_runs"]) == (1, 1)
    assert 7200 <= found["checkpoint_age_seconds"] < 8000
    assert (found["night_is_broken"], found["entries"]) == (1, 3783)
    assert found["night_findings"] == 1

    database.do("UPDATE trueup.nights SET looked_at = now() - INTERVAL '27 hours'")
    run_dag("watch_runs")
    assert 27 * 3600 <= arrived(listener)["night_age_seconds"] < 28 * 3600


def test_a_system_that_the_watch_cannot_look_at_says_so(run_dag, database, listener, monkeypatch):
    run_dag("ledger_backfill", **POSTS)
    run_dag("watch_runs")
    assert arrived(listener)["is_watched"] == 1
    with monkeypatch.context() as gone:
        gone.setenv("AIRFLOW_CONN_LEDGER_DB", "postgresql://nobody@127.0.0.1:1/none")
        assert run_dag("watch_runs").state == "failed"
    assert arrived(listener)["is_watched"] == 0
    run_dag("watch_runs")
    assert arrived(listener)["is_watched"] == 1


def test_the_dashboard_asks_for_what_is_emitted_and_for_every_figure_of_a_run(
    run_dag, database, listener
):
    run_dag("ledger_backfill", **POSTS)
    run_dag("nightly_reconciliation")
    run_dag("watch_runs")
    emitted = {f"airflow_trueup_ledger_{name}" for name in arrived(listener)}

    dashboard = json.loads((ROOT / "docs" / "grafana" / "trueup.json").read_text())
    (system,) = [each for each in dashboard["templating"]["list"] if each["name"] == "system"]
    asked = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"airflow_\w+", target["expr"].replace("${system}", "ledger"))
    }
    assert len(asked) >= 10
    assert asked <= emitted
    from_runs = {"posted_rows", "quarantined_rows", "breaks", "rows_per_second", "open_runs",
                 "stalled_runs", "checkpoint_age_seconds", "is_watched",
                 "night_age_seconds"}  # fmt: skip
    assert {f"airflow_trueup_ledger_{name}" for name in from_runs} <= asked

    # A panel without a value says in words why there may be none; a single value is the one of this
    # moment, lest one that has expired be shown for hours.
    for panel in dashboard["panels"]:
        assert panel["fieldConfig"]["defaults"]["noValue"].strip(), panel["title"]
        if panel["type"] == "stat":
            assert all(target["instant"] for target in panel["targets"]), panel["title"]

    from trueup import systems

    assert system["query"].split(",") == [each.name for each in systems.every()]


def test_every_section_that_the_dashboard_names_stands_in_the_runbook():
    headings = re.findall(r"^#+ (.+)$", (ROOT / "docs" / "runbook.md").read_text(), re.M)
    anchors = {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
    named = re.findall(
        r"runbook\.md#([\w-]+)", (ROOT / "docs" / "grafana" / "trueup.json").read_text()
    )
    assert len(named) >= 4
    assert set(named) <= anchors
