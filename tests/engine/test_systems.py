"""The declarations of the systems, and the statements that they say they have."""

import re
from pathlib import Path

import pytest

from trueup import statements, systems
from trueup.errors import Refused

ENGINE = Path(statements.__file__).parent
STEP = re.compile(r'steps\.\w+\(\s*connection,\s*run,\s*"([a-z_]+/[a-z_]+)"')
STEPS = sorted({step for path in ENGINE.rglob("*.py") for step in STEP.findall(path.read_text())})


def stands(system: str, step: str) -> bool:
    """Whether a system's folder has the statement."""
    return (statements.SQL_FOLDER / system / f"{step}.sql").exists()


def test_there_are_steps():
    assert len(STEPS) > 20


@pytest.mark.parametrize("system", systems.every(), ids=lambda system: system.name)
@pytest.mark.parametrize("step", STEPS)
def test_a_system_has_a_statement_for_a_step_or_says_that_it_is_without(system, step):
    assert system.has(step) == stands(system.name, step)


@pytest.mark.parametrize("system", systems.every(), ids=lambda system: system.name)
def test_what_a_system_is_without_another_one_has(system):
    for step in system.without:
        assert not stands(system.name, step), step
        assert any(stands(other.name, step) for other in systems.every()), step


@pytest.mark.parametrize("system", systems.every(), ids=lambda system: system.name)
def test_every_rule_and_every_nightly_check_has_its_statements(system):
    for rule in system.constraints:
        for step in ("constrain/add", "constrain/validate", "constrain/probe", "roll_back/drop"):
            assert stands(system.name, f"{step}_{rule.name}")
    for check in system.nightly_checks:
        assert stands(system.name, f"nightly/find_{check}")
    for kind in system.derived:
        assert stands(system.name, f"derive/stage_{kind}")


def test_a_run_s_id_says_whose_it_is():
    assert systems.of_run("scb_ledger_sync-20260101T000000-abcdef").name == "ledger"
    assert systems.of_run("vesting_lots_backfill-20260101T000000-abcdef").name == "vesting"
    with pytest.raises(Refused, match="no run's id"):
        systems.of_run("nothing at all")


def test_no_stage_asks_which_system_it_serves():
    for path in (ENGINE / "stages").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"system\.name\s*(==|!=|in\b)|\bvesting\b|\bVESTING\b", text), path
