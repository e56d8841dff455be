"""The form in which a system says what is special about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Constraint:
    """A rule that `constrain` applies: add_, validate_, probe_ and drop_<name>.sql make it.

    Or the cutover, for until then the app's own schema says what is refused: find_<name>.sql lists
    before whatever would break it.
    """

    table: str
    name: str
    at_cutover: bool = False

    @property
    def full_name(self) -> str:
        """The constraint's name in the database."""
        return f"{self.table}_{self.name}"


@dataclass(frozen=True)
class System:
    """One of the systems that the engine serves; its SQL lies in `include/sql/<name>/`."""

    name: str
    connection_id: str
    # Column name → type as PostgreSQL prints it; an existing table must agree.
    tables: dict[str, dict[str, str]]
    # The DAGs whose runs change its books; a run's id begins with its DAG's.
    dags: tuple[str, ...]
    # The one of them that loads once more what a run left in quarantine.
    backfill: str
    # (table, columns) that must be unique for a replay to be recognised.
    unique_keys: tuple[tuple[str, tuple[str, ...]], ...]
    constraints: tuple[Constraint, ...]
    # What rows can be derived from in the system's own database (derive/stage_<name>.sql), and the
    # columns that a table of that shape must have; none where it is no table.
    derived: dict[str, tuple[str, ...]]
    # Each a statement nightly/find_<name>.sql that finds what must not be.
    nightly_checks: tuple[str, ...]
    # What a state hash is taken over, in words.
    state: str
    # Loaded bare in the initial regime: their keys and indexes are built when all is posted.
    bare_tables: tuple[str, ...] = ()
    # Steps of the engine that its books have no need of; every other one is a statement of its own.
    without: frozenset[str] = frozenset()
    # The fields of a row in quarantine; none: those of the source format.
    fields: tuple[str, ...] = ()
    # What reconciliation holds against what, where it is not balances against entries.
    held_against: str | None = None
    # How a row in quarantine is fed back, where that is not by mending its CSV.
    fed_back: str | None = None
    # What it means that nothing was derived, by the kind of source.
    nothing_derived: Mapping[str, str] = field(default_factory=dict)
    # Whether a run takes a backup of the whole database before it writes the first time.
    backed_up: bool = False
    # Tables that a run makes beside those of the app; a restore puts them aside, too.
    makes: tuple[str, ...] = ()

    @property
    def written(self) -> tuple[str, ...]:
        """The tables that its runs write: their rows say of which run they are, or are loaded bare.

        What else is declared is read.
        """
        return tuple(
            name
            for name, columns in self.tables.items()
            if name in self.bare_tables or any(column.endswith("run_id") for column in columns)
        )

    def has(self, step: str) -> bool:
        """Whether it has a statement for a step of the engine: `<stage>/<what it does>`."""
        return step not in self.without
