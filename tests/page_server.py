"""A real Airflow with the page, four users, and one system in each of the ways it can be."""

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from conftest import ROOT, Database
from dags.conftest import uri
from journeys.test_real_scheduler import Airflow

# May do everything; may approve; may only look; may look at all DAGs but one; at DAGs and no run.
USERS = {
    "admin": "admin", "reviewer": "op", "viewer": "viewer", "narrow": "viewer", "outside": "viewer",
}  # fmt: skip
# The one that `narrow` may not see. (Airflow itself is not imported into the process of the tests.)
HIDDEN = "ledger_corrections"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PAGE_GRANTS = ROOT / "docs" / "page_grants.sql"


@dataclass
class Response:
    """What the API server answered."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


class PageAirflow(Airflow):
    """An Airflow whose API server has the page; it reads the ledger as a role that only looks."""

    def __init__(
        self, home: Path, metadata: Database, ledger: Database, sources: Path, **connections: str
    ) -> None:
        address = uri(metadata.admin_conninfo).replace("postgresql:", "postgresql+psycopg2:")
        super().__init__(home, address, uri(ledger.conninfo), sources, {})
        self.metadata = metadata
        (home / "passwords.json").write_text(json.dumps(dict.fromkeys(USERS, self.password)))
        self.reports = home / "reports"
        for name in [name for name in self.environment if name.startswith("AIRFLOW_CONN_")]:
            del self.environment[name]
        self.environment |= {
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(
                f"{name}:{role}" for name, role in USERS.items()
            ),
            "AIRFLOW__CORE__AUTH_MANAGER": "narrow_auth.NarrowAuthManager",
            "TRUEUP_HIDDEN_DAG": HIDDEN,
            "PYTHONPATH": os.pathsep.join((str(ROOT / "dags"), str(Path(__file__).parent))),
            "AIRFLOW_CONN_LEDGER_DB": uri(ledger.conninfo),
            "AIRFLOW_CONN_LEDGER_DB_READER": uri(reader_of(ledger)),
            **{f"AIRFLOW_CONN_{name.upper()}": address for name, address in connections.items()},
        }
        self._tokens: dict[str, str] = {}

    def get(self, path: str, user: str | None = "admin", **query: Any) -> Response:
        """Ask a route of the page as one of the users, or as nobody."""
        return self.send("GET", f"/trueup/{path}{_written(query)}", user)

    def open(self, path: str, user: str = "admin") -> Any:
        """Begin to read what a route streams; whoever opens it goes on, or closes it."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/trueup/{path}",
            headers={"Authorization": f"Bearer {self._token(user)}"},
        )
        return urllib.request.urlopen(request, timeout=60)

    def send(self, method: str, path: str, user: str | None, body: Any = None) -> Response:
        """Ask anything of the API server; a refusal is an answer, too. The path goes as it is."""
        headers = {"Content-Type": "application/json"}
        if user:
            headers["Authorization"] = f"Bearer {self._token(user)}"
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers=headers, method=method,
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return Response(response.status, response.headers, response.read())
        except urllib.error.HTTPError as refusal:
            return Response(refusal.code, refusal.headers, refusal.read())

    def _token(self, user: str) -> str:
        if user not in self._tokens:
            login = {"username": user, "password": self.password}
            self._tokens[user] = self.send("POST", "/auth/token", None, login).json["access_token"]
        return self._tokens[user]


def _written(query: dict[str, Any]) -> str:
    pairs = [f"{name}={quote(str(value), safe='')}" for name, value in query.items()]
    return f"?{'&'.join(pairs)}" if pairs else ""


def reader_of(database: Database) -> str:
    """How the page connects: as the role that only looks, with the rights of docs/page_grants.sql.

    Where the server has no such role of the environment's, as the role that runs.
    """
    ours = conninfo_to_dict(database.conninfo)
    try:
        theirs = conninfo_to_dict(os.environ.get("AIRFLOW_CONN_LEDGER_DB_READER", ""))
    except psycopg.ProgrammingError:
        return database.conninfo
    if any(theirs.get(name) != ours.get(name) for name in ("host", "port")):
        return database.conninfo
    reader = str(theirs["user"])
    subprocess.run(
        ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", f"page={reader}", "-f", PAGE_GRANTS,
         database.conninfo],
        check=True,
    )  # fmt: skip
    return make_conninfo(database.conninfo, user=reader, password=str(theirs["password"]))


def browser_program(driver: Any) -> str | None:
    """TRUEUP_BROWSER, a Chromium or Chrome on the PATH, or the one that playwright has fetched."""
    named = os.environ.get("TRUEUP_BROWSER") or next(
        filter(None, map(shutil.which, BROWSERS)), None
    )
    own = driver.chromium.executable_path
    return named or (own if Path(own).exists() else None)
