"""What the page in Airflow says twice, for it shares no code with the engine: both must agree."""

import re

import pytest

from conftest import ROOT
from trueup import systems
from trueup.sources.mapping import CANONICAL_NAMES
from trueup_web.systems import NIGHTS_DAG, SYSTEMS, System

PAGE_GRANTS = ROOT / "docs" / "page_grants.sql"


def test_the_page_knows_every_system():
    assert list(SYSTEMS) == [system.name for system in systems.every()]
    assert (ROOT / "dags" / f"{NIGHTS_DAG}.py").is_file()


@pytest.mark.parametrize("system", systems.every(), ids=lambda system: system.name)
def test_the_page_knows_of_a_system_what_the_engine_declares(system):
    assert SYSTEMS[system.name] == System(
        connection_id=f"{system.connection_id}_reader",
        dags=system.dags,
        fields=system.fields or CANONICAL_NAMES,
        replays="quarantine" in system.derived,
        reverses=system.has("roll_back/reverse_entries"),
    )


def test_the_pages_role_may_read_what_the_page_reads_and_no_more():
    read = {
        view
        for statement in (ROOT / "include" / "sql" / "page").glob("*.sql")
        for view in re.findall(r"(?:FROM|JOIN) (trueup\.\w+)", statement.read_text())
    }
    assert set(re.findall(r"trueup\.\w+", PAGE_GRANTS.read_text().split("ON ", 2)[2])) == read
    assert len(read) > 10
