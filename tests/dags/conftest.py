"""An Airflow of the tests' own, whose metadata lie in a database that goes with the session.

The environment is set before Airflow is imported: it reads its folders and the metadata's address
at import, and `dag.test()` needs the DAG to lie in a configured bundle.
"""

import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from psycopg.conninfo import conninfo_to_dict

import alerts
from conftest import ROOT, Database


def uri(conninfo: str) -> str:
    """A libpq conninfo as the URI that Airflow wants."""
    parts = {name: quote(str(value), safe="") for name, value in conninfo_to_dict(conninfo).items()}
    login = parts["user"] + (f":{parts['password']}" if "password" in parts else "")
    return f"postgresql://{login}@{parts['host']}:{parts['port']}/{parts['dbname']}"


@pytest.fixture(scope="session")
def airflow_home(
    tmp_path_factory: pytest.TempPathFactory, metadata_database: str
) -> Iterator[Path]:
    """AIRFLOW_HOME with migrated metadata; the session's DAG tests share it."""
    home = tmp_path_factory.mktemp("airflow")
    os.environ |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata_database,
        "TRUEUP_REPORTS": str(home / "reports"),
        "TRUEUP_BACKUPS": str(home / "backups"),
    }
    subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True
    )
    # It configures logging, for good: pytest's handlers, which every test has anew, come later.
    importlib.import_module("airflow.settings")
    importlib.import_module("trueup.orchestration.work").RETRIES["retry_delay"] = timedelta(0)
    yield home
    if "airflow.settings" in sys.modules:
        # Its sessions end before their database does.
        sys.modules["airflow.settings"].dispose_orm()


@pytest.fixture(scope="session")
def known_dags(airflow_home: Path) -> None:
    """Write all DAGs into the metadata, once: that takes seconds, for every form is checked."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db

    manager = DagBundlesManager()
    manager.sync_bundles_to_db()
    for bundle in manager.get_all_dag_bundles():
        bundle.initialize()
        found = BundleDagBag(
            dag_folder=bundle.path, bundle_path=bundle.path, bundle_name=bundle.name
        )
        sync_bag_to_db(found, bundle.name, bundle.version)


@pytest.fixture
def run_dag(
    airflow_home: Path, known_dags: None, database: Database, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Run a whole DAG in this process, as `airflow dags test` does; gives the finished DAG run."""
    monkeypatch.setenv("AIRFLOW_CONN_LEDGER_DB", uri(database.conninfo))
    # A test that wants a vault, wallets or juntas brings its own.
    monkeypatch.delenv("AIRFLOW_CONN_VAULT_DB", raising=False)
    monkeypatch.delenv("AIRFLOW_CONN_WALLET_DB", raising=False)
    monkeypatch.delenv("AIRFLOW_CONN_CAPITAL_DB", raising=False)

    # dag.test() writes every DAG of the bundle anew; they have not changed since `known_dags`.
    monkeypatch.setattr("airflow.dag_processing.dagbag.sync_bag_to_db", lambda *_: None)
    # And it sleeps a second for each task that is skipped because the one before it was.
    sleep = time.sleep

    def nap(seconds: float) -> None:
        is_dag_test = sys._getframe(1).f_code.co_filename.endswith("sdk/definitions/dag.py")
        sleep(0.01 if is_dag_test else seconds)

    monkeypatch.setattr(time, "sleep", nap)

    def run(dag_id: str, **conf: Any) -> Any:
        from airflow.utils.cli import get_bagged_dag

        dag = get_bagged_dag(["dags-folder"], dag_id, str(ROOT / "dags" / f"{dag_id}.py"))
        # Closing a run with a deadline, dag.test() of Airflow 3.3.2 looks the deadline up by itself
        # instead of by its id, and fails; a scheduler does not.
        dag.deadline = None
        return dag.test(run_conf=conf)

    return run


@pytest.fixture
def target() -> Iterator[alerts.Target]:
    """Somebody who is told of what fails, over real HTTP."""
    with alerts.listening() as found:
        yield found


@pytest.fixture
def connect_alerts(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have the connection trueup_alerts lead to these addresses."""

    def connect(*addresses: str) -> None:
        described = {"conn_type": "generic", "password": " ".join(addresses)}
        monkeypatch.setenv("AIRFLOW_CONN_TRUEUP_ALERTS", json.dumps(described))

    return connect
