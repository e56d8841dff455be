"""What is special about each system, declared; no stage asks which one it serves."""

from trueup.systems.declaration import System
from trueup.systems.ledger import LEDGER

_BY_NAME = {system.name: system for system in (LEDGER,)}


def every() -> tuple[System, ...]:
    """All systems that are declared."""
    return tuple(_BY_NAME.values())


def named(name: str) -> System:
    """The declaration of a system. Raises KeyError for a name that nobody declared."""
    return _BY_NAME[name]
