"""An Airflow of the tests' own: its metadata lie in a database that goes with the session.

The environment is set before Airflow is imported: it reads DAGS_FOLDER and the metadata's address
at import, and `dag.test()` needs the DAG to lie in a configured bundle.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = {
    "source": "opencollective/ledger_entries.csv",
    "accounts": "opencollective/bank_accounts.csv",
    "expected_balances": "opencollective/expected_balances.csv",
}


@pytest.fixture(scope="session")
def airflow_home(
    tmp_path_factory: pytest.TempPathFactory, metadata_database: str
) -> Iterator[Path]:
    """A folder for Airflow with migrated metadata; the whole session's DAG tests share it."""
    home = tmp_path_factory.mktemp("airflow")
    os.environ |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata_database,
        "TRUEUP_REPORTS": str(home / "reports"),
    }
    subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True
    )
    yield home
