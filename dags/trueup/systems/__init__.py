"""What is special about each system, declared; no stage asks which one it serves."""

from trueup.errors import Refused
from trueup.systems.capital import CAPITAL
from trueup.systems.declaration import System
from trueup.systems.ledger import LEDGER
from trueup.systems.vesting import VESTING
from trueup.systems.wallet import WALLET

_BY_NAME = {system.name: system for system in (LEDGER, VESTING, WALLET, CAPITAL)}


def every() -> tuple[System, ...]:
    """All systems that are declared."""
    return tuple(_BY_NAME.values())


def named(name: str) -> System:
    """The declaration of a system. Raises KeyError for a name that nobody declared."""
    return _BY_NAME[name]


def of_run(run_id: str) -> System:
    """The system whose books a run changed; its id says so. Raises Refused for any other text."""
    for system in every():
        if any(run_id.startswith(f"{dag_id}-") for dag_id in system.dags):
            return system
    raise Refused(
        f"{run_id} is no run's id: one begins with the id of its DAG, such as "
        "ledger_backfill-20260101T020000-4f78c7."
    )
