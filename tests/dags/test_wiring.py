"""What a person reads in Airflow before anything runs: the graph, the form, the help."""

import pytest

from conftest import ROOT

pytestmark = pytest.mark.filterwarnings("default")


# What these do is done when they have done it.
LEAVES = {"run_control": "trigger", "watch_runs": "watch"}

KINDS = {
    "backfill", "control", "corrections", "migration", "reconciliation", "release", "report",
    "reversal", "rollback", "scb",
}  # fmt: skip


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
        expected = {LEAVES.get(dag.dag_id, "verdict")}
        assert {task.task_id.split(".")[-1] for task in dag.leaves} == expected


def test_every_param_has_a_title_and_says_what_it_is(dags):
    for dag in dags.values():
        for name in dag.params:
            param = dag.params.get_param(name)
            assert param.schema["title"], (dag.dag_id, name)
            assert param.description.endswith((".", "}.")), (dag.dag_id, name)
            # The form shows it as plain text.
            assert "`" not in param.description, (dag.dag_id, name)


def test_what_everybody_must_say_stands_open_and_the_rest_in_named_groups(dags):
    for dag in dags.values():
        closed = 0
        for name in dag.params:
            param = dag.params.get_param(name)
            # Airflow opens what has no section, and closes every section of one's own.
            required = not param.has_value and "null" not in param.schema.get("type", "")
            if required or name in ("source", "dry_run"):
                assert "section" not in param.schema, (dag.dag_id, name)
            elif "section" in param.schema:
                assert param.schema["section"], (dag.dag_id, name)
                closed += 1
        assert len(dag.params) - closed <= 12, dag.dag_id


def test_what_the_page_triggers_is_not_paused_when_it_is_new(dags):
    """Of a paused DAG, a run stays queued for ever; Airflow's default pauses every new one."""
    for name in ("run_control", "rollback"):
        assert dags[name].is_paused_upon_creation is False, name


def test_every_dag_has_help_an_owner_and_tags_by_which_it_is_found(dags):
    from trueup import systems

    names = {system.name for system in systems.every()}
    for dag in dags.values():
        assert dag.doc_md.strip().startswith("### "), dag.dag_id
        assert dag.description.endswith("."), dag.dag_id
        assert dag.owner == "trueup", dag.dag_id
        kinds = set(dag.tags) - {"trueup"} - names
        assert "trueup" in dag.tags, dag.dag_id
        assert len(kinds) == 1, dag.dag_id
        assert kinds <= KINDS, dag.dag_id
        # What serves one system alone begins with its name, or the name of its books.
        assert len(set(dag.tags) & names) <= 1, dag.dag_id


def test_every_task_says_what_it_does(dags):
    for dag in dags.values():
        for task in dag.tasks:
            first = (task.doc_md or "").strip().splitlines()[:1]
            assert first, (dag.dag_id, task.task_id)
            assert first[0].endswith((".", ";", ",", ":")), (dag.dag_id, task.task_id, first)


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
