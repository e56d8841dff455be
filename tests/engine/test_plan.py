"""What may be asked for, and how a wrong parameter is refused."""

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.errors import Refused
from trueup.plan import Plan, Quota


def plan(**params) -> Plan:
    return Plan.from_params({"source": "entries.csv"} | params)


def test_the_defaults_are_the_seeds_and_a_dry_run():
    asked = plan()
    assert asked.dry_run
    assert (asked.batch_size, asked.checkpoint_interval, asked.parallel_workers) == (1000, 10, 1)
    assert (asked.max_retries, asked.retry_delay) == (3, 1000)
    assert asked.skip_duplicates
    assert asked.validate_balances
    assert (asked.tolerance, asked.accept_breaks, str(asked.max_quarantined)) == (0, 0, "1 %")
    assert (asked.ledger_id, asked.prefix) == ("MASTER", "BACKFILL-")


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"source": ""}, "source: "),
        ({"source": "   "}, "source: "),
        ({"source": None}, "source: "),
        ({"source": 42}, "source: "),
        ({"source": "a\0b"}, "source: a NUL character is not allowed here"),
        ({"source": "x" * 256}, "source: "),
        ({"source": "\ud800"}, "source: "),
        ({"source_type": "XML"}, "source_type: "),
        ({"source_type": "API"}, "source_type API needs source_connection"),
        ({"ledger_id": ""}, "ledger_id: "),
        ({"prefix": "x" * 101}, "prefix: "),
        ({"prefix": "\0"}, "prefix: a NUL character"),
        ({"limit": 0}, "limit: "),
        ({"limit": -1}, "limit: "),
        ({"limit": "many"}, "limit: "),
        ({"limit": 10**20}, "limit: "),
        ({"not_before": "yesterday"}, "not_before: "),
        ({"not_before": "2020-13-01"}, "not_before: "),
        ({"not_before": "2021", "not_after": "2020"}, "not_before: "),
        (
            {"not_before": "2021-01-01", "not_after": "2020-01-01"},
            "not_before lies after not_after",
        ),
        ({"dry_run": "perhaps"}, "dry_run: "),
        ({"dry_run_rows": -1}, "dry_run_rows: "),
        ({"approval": "later"}, "approval: "),
        ({"batch_size": 0}, "batch_size: "),
        ({"batch_size": 1.5}, "batch_size: "),
        ({"batch_size": 10**9}, "batch_size: "),
        ({"checkpoint_interval": 0}, "checkpoint_interval: "),
        ({"max_retries": -1}, "max_retries: "),
        ({"retry_delay": -1}, "retry_delay: "),
        ({"parallel_workers": 0}, "parallel_workers: "),
        ({"parallel_workers": 17}, "parallel_workers: "),
        ({"max_quarantined": "some"}, 'max_quarantined: "some" is neither a number of rows nor'),
        ({"max_quarantined": "-1"}, "max_quarantined: "),
        ({"max_quarantined": "%"}, "max_quarantined: "),
        ({"max_quarantined": None}, "max_quarantined: "),
        ({"max_quarantined": "1e3"}, "max_quarantined: "),
        ({"max_quarantined": "NaN"}, "max_quarantined: "),
        ({"tolerance": "-0.01"}, "tolerance: "),
        ({"tolerance": "NaN"}, "tolerance: "),
        ({"tolerance": "Infinity"}, "tolerance: "),
        ({"tolerance": "1e999999"}, "tolerance: "),
        ({"tolerance": "1e-999999"}, "tolerance: "),
        ({"accept_breaks": -1}, "accept_breaks: "),
        ({"speed": "fast"}, "speed: Extra inputs are not permitted"),
    ],
)
def test_a_wrong_parameter_is_refused_with_its_name_in_a_sentence(params, words):
    with pytest.raises(Refused) as refused:
        plan(**params)
    sentence = str(refused.value)
    assert sentence.startswith("The run was not started. ")
    assert words in sentence
    assert sentence.endswith(".")


def test_all_wrong_parameters_are_named_at_once():
    with pytest.raises(Refused, match=r"batch_size: .*; accept_breaks: "):
        plan(batch_size=0, accept_breaks=-1)


def test_a_plan_does_not_change():
    with pytest.raises(ValueError, match="frozen"):
        plan().batch_size = 5


def test_times_without_an_offset_are_utc_and_a_date_is_its_midnight():
    asked = plan(not_before="2020-01-01", not_after="2020-01-01T12:00:00+05:30")
    assert asked.not_before == datetime(2020, 1, 1, tzinfo=UTC)
    assert asked.not_after == datetime(2020, 1, 1, 6, 30, tzinfo=UTC)


def test_blank_fields_of_a_form_are_not_given():
    asked = plan(source_id=" ", accounts="", mapping="", not_before="", approved_digest="")
    assert (asked.source_id, asked.accounts, asked.mapping) == (None, None, None)
    assert (asked.not_before, asked.approved_digest) == (None, None)


def test_the_logical_source_is_the_files_name_unless_one_is_given():
    assert plan(source="2024/may/bank.csv").logical_source == "bank.csv"
    assert plan(source_id="bank").logical_source == "bank"


def test_a_plan_comes_back_from_the_journal_as_it_was():
    asked = plan(
        not_before="2020-01-01",
        tolerance="0.01",
        max_quarantined="2.5 %",
        limit=7,
        mapping="m.yaml",
    )
    assert Plan.model_validate_json(asked.model_dump_json()) == asked


@pytest.mark.parametrize("tolerance", ["0.01", 0.01, "0.10", 1, "12345678901234567.89"])
def test_a_tolerance_is_decimal_and_never_a_float(tolerance):
    asked = plan(tolerance=tolerance)
    assert asked.tolerance == Decimal(str(tolerance))
    assert Plan.model_validate_json(asked.model_dump_json()).tolerance == Decimal(str(tolerance))


@pytest.mark.parametrize(
    ("words", "quarantined", "read", "allowed"),
    [
        ("1 %", 1, 100, True),
        ("1 %", 2, 100, False),
        ("1%", 1, 99, False),
        ("0", 0, 100, True),
        ("0", 1, 100, False),
        ("3", 3, 3, True),
        ("2.5 %", 1, 40, True),
        ("2.5 %", 2, 79, False),
        (5, 5, 5, True),
        ("100 %", 7, 7, True),
    ],
)
def test_a_quota_is_a_number_of_rows_or_a_share_of_them(words, quarantined, read, allowed):
    assert Quota.parse(words).allows(quarantined, read) is allowed


@given(st.decimals(0, 100, places=3, allow_nan=False), st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_share_is_exact(share, quarantined, read):
    allowed = Quota.parse(f"{share} %").allows(quarantined, read)
    assert allowed is (quarantined * 100 * 1000 <= int(share * 1000) * read)


@given(st.text())
def test_no_quota_ends_in_anything_but_a_plan_or_a_sentence(words):
    with suppress(Refused):
        assert plan(max_quarantined=words).max_quarantined.limit >= 0


@given(
    st.dictionaries(
        st.sampled_from([*Plan.model_fields, "unknown"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()),
    )
)
def test_no_params_end_in_anything_but_a_plan_or_a_sentence(params):
    with suppress(Refused):
        assert Plan.from_params(params).source
