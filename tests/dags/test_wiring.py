"""What a person reads in Airflow before anything runs: the graph, the form, the help."""

import pytest

from conftest import ROOT

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def dags(airflow_home):
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(ROOT / "dags"))
    assert bag.import_errors == {}
    return bag.dags


def test_there_is_a_dag_for_every_file(dags):
    assert set(dags) == {path.stem for path in (ROOT / "dags").glob("*.py")}


def test_the_graph_reads_as_the_journey_of_a_batch(dags):
    order = [task.task_id for task in dags["ledger_backfill"].topological_sort()]

    journey = [
        "audit", "ingest", "validate", "gate", "open_posting", "post", "check_balances",
        "constrain", "expect", "reconcile", "outcome", "complete", "report", "verdict",
    ]  # fmt: skip
    assert [task for task in order if task in journey] == journey
    assert set(order) - set(journey) == {"preview", "approve", "roll_back"}


def test_the_only_leaf_is_the_verdict(dags):
    for dag in dags.values():
        expected = {"trigger"} if dag.dag_id == "run_control" else {"verdict"}
        assert {task.task_id.split(".")[-1] for task in dag.leaves} == expected


def test_every_param_says_what_it_is_and_stands_in_a_group(dags):
    params = dags["ledger_backfill"].params
    for name in params:
        param = params.get_param(name)
        assert param.description, name
        assert param.schema["section"], name


def test_a_person_who_triggers_gets_a_dry_run_unless_they_say_otherwise(dags):
    assert dags["ledger_backfill"].params["dry_run"] is True


def test_the_form_and_the_plan_know_the_same_params_and_defaults(dags):
    from trueup.plan import Plan

    params = dags["ledger_backfill"].params
    others = {"trust", "suspense_account", "sovereign_bank_id", "start_date", "end_date"}
    others |= {"currency", "user_id", "true_up", "cancel_sessions"}
    assert set(params) == set(Plan.model_fields) - others
    given = {name: params.get_param(name).value for name in params} | {"source": "a.csv"}
    assert Plan.from_params(given) == Plan(source="a.csv")


@pytest.mark.parametrize("number", [{"max_quarantined": 5}, {"tolerance": 0.01}])
def test_a_limit_may_be_given_as_a_number_or_as_its_text(dags, number):
    from trueup.plan import Plan

    ((name, value),) = number.items()
    param = dags["ledger_backfill"].params.get_param(name)
    assert param.resolve(value) == value
    given = getattr(Plan.from_params({"source": "a.csv", name: value}), name)
    assert given == getattr(Plan.from_params({"source": "a.csv", name: str(value)}), name)
