"""An auth manager in which one user may not read everything, as real ones have it."""

from typing import Any

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

HIDDEN = "ledger_corrections"


class NarrowAuthManager(SimpleAuthManager):
    """Airflow's simple one, but the user `narrow` may not see one of the DAGs."""

    def is_authorized_dag(self, *, user: Any, details: Any = None, **kwargs: Any) -> bool:
        """Whether a user may do something with a DAG."""
        if user.get_name() == "narrow" and details is not None and details.id == HIDDEN:
            return False
        return super().is_authorized_dag(user=user, details=details, **kwargs)
