"""An auth manager in which some users may not read everything, as real ones have it."""

import os
from typing import Any

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager


class NarrowAuthManager(SimpleAuthManager):
    """Airflow's simple one, but `narrow` may not see TRUEUP_HIDDEN_DAG, and `outside` no run."""

    def is_authorized_dag(
        self, *, user: Any, access_entity: Any = None, details: Any = None, **kwargs: Any
    ) -> bool:
        """Whether a user may do something with a DAG, or with what belongs to it."""
        hidden = details is not None and details.id == os.environ["TRUEUP_HIDDEN_DAG"]
        if user.get_name() == "narrow" and hidden:
            return False
        if user.get_name() == "outside" and access_entity is not None:
            return False
        return super().is_authorized_dag(
            user=user, access_entity=access_entity, details=details, **kwargs
        )
