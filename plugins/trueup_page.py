"""The page of Trueup in Airflow's UI: in the navigation, and as a tab of a DAG run.

It shares no code with the engine: all that it shows comes from the views of schema `trueup`.
Airflow executes this file in every component; what it needs is imported by the API server alone.
"""

from functools import cached_property
from typing import Any

from airflow.plugins_manager import AirflowPlugin

# The name is what people read, and what the front end puts its component under.
_APP = {"name": "Trueup", "bundle_url": "trueup/static/main.js", "icon": "trueup/static/icon.svg"}


class TrueupPage(AirflowPlugin):
    """What Airflow is told about the page."""

    name = "trueup_page"
    react_apps = [  # noqa: RUF012 - Airflow reads it from the class
        {**_APP, "destination": "nav", "url_route": "trueup"},
        {**_APP, "destination": "dag_run", "url_route": "trueup-run"},
    ]

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:
        """The routes; asked for by the API server only."""
        from trueup_web.app import app

        return [{"app": app, "url_prefix": "/trueup", "name": "Trueup"}]
