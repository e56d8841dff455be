"""The drawing of a run's states."""

import re

import pytest

from trueup.errors import Fenced
from trueup.run_state import FINISHED, GREEN, RESUMABLE, STEPS, WORKING, Status, check_step


def test_every_status_has_its_steps_drawn_and_every_step_a_sentence():
    assert set(STEPS) == set(Status)
    for steps in STEPS.values():
        for following, sentence in steps.items():
            assert isinstance(following, Status)
            assert re.fullmatch(r"[A-Z].*\.", sentence)


def test_every_status_is_either_working_resumable_finished_or_on_its_way_back():
    groups = [*WORKING, *RESUMABLE, *FINISHED, Status.ROLLING_BACK]
    assert sorted(groups) == sorted(Status)


def test_nothing_leads_out_of_a_finished_run_but_the_way_back():
    for status in FINISHED:
        assert set(STEPS[status]) <= {Status.ROLLING_BACK}
    for status in (Status.PREVIEWED, Status.REFUSED, Status.ROLLED_BACK):
        assert STEPS[status] == {}


def test_a_run_on_its_way_back_never_goes_forward_again():
    reachable, border = set(), {Status.ROLLING_BACK}
    while border:
        reachable |= border
        border = {step for status in border for step in STEPS[status]} - reachable
    assert reachable == {Status.ROLLING_BACK, Status.ROLLED_BACK, Status.ROLLBACK_FAILED}


def test_after_its_first_posting_a_run_that_works_is_not_refused_any_more():
    posted = WORKING[WORKING.index(Status.POSTING) :]
    for status in posted:
        assert Status.REFUSED not in STEPS[status]
        assert Status.ROLLING_BACK in STEPS[status]


def test_before_its_first_posting_there_is_nothing_to_take_back():
    for status in WORKING[: WORKING.index(Status.POSTING)]:
        assert Status.ROLLING_BACK not in STEPS[status]


def test_every_status_can_be_reached_and_every_run_can_end():
    reachable, border = set(), {Status.AUDITING}
    while border:
        reachable |= border
        border = {step for status in border for step in STEPS[status]} - reachable
    assert reachable == set(Status)
    for status in Status:
        assert status in FINISHED or STEPS[status]


def test_only_a_completed_backfill_and_a_finished_dry_run_are_green():
    assert set(GREEN) == {Status.COMPLETED, Status.PREVIEWED}
    assert set(GREEN) <= set(FINISHED)


@pytest.mark.parametrize("status", Status)
def test_a_task_that_is_tried_again_may_stand_still(status):
    check_step("run", status, status)


def test_a_step_that_is_not_drawn_is_refused_with_a_sentence():
    with pytest.raises(Fenced, match=r"Run x is completed; it cannot become posting\. Nothing was"):
        check_step("x", Status.COMPLETED, Status.POSTING)


def test_the_states_of_the_schema_are_those_of_the_engine(database):
    rule = database.value(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'runs_status_known'"
    )
    assert set(re.findall(r"'(\w+)'", rule)) == set(Status)


def test_a_run_is_finished_in_the_schema_where_it_is_in_the_engine(database):
    index = database.value("SELECT pg_get_indexdef('trueup.runs_one_open_per_system'::REGCLASS)")
    assert set(re.findall(r"'(\w+)'", index)) == set(FINISHED)
