"""An auth manager in which one user may not read everything, as real ones have it."""

import os
from typing import Any

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager


class NarrowAuthManager(SimpleAuthManager):
    """Airflow's simple one, but the user `narrow` may not see TRUEUP_HIDDEN_DAG."""

    def is_authorized_dag(self, *, user: Any, details: Any = None, **kwargs: Any) -> bool:
        """Whether a user may do something with a DAG."""
        hidden = details is not None and details.id == os.environ["TRUEUP_HIDDEN_DAG"]
        if user.get_name() == "narrow" and hidden:
            return False
        return super().is_authorized_dag(user=user, details=details, **kwargs)
