"""A database or an API that rows may be read from, as its Airflow connection describes it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from psycopg import pq
from psycopg.conninfo import make_conninfo

from trueup.errors import Refused

# In the extra of an Airflow connection: without it, nobody reads a source through it.
OPENING = "trueup_source"

_LIBPQ_KEYWORDS = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}


@dataclass(frozen=True)
class Endpoint:
    """What an Airflow connection says; `kind` is its type, such as postgres or http."""

    connection_id: str
    kind: str
    host: str | None
    port: int | None
    login: str | None
    password: str | None = field(repr=False)
    schema: str | None
    extra: dict[str, Any] = field(repr=False)

    @property
    def conninfo(self) -> str:
        """The libpq connection string; of the extras, those that libpq knows go along."""
        extras = {name: value for name, value in self.extra.items() if name in _LIBPQ_KEYWORDS}
        return make_conninfo(
            host=self.host,
            port=self.port,
            user=self.login,
            password=self.password,
            dbname=self.schema,
            **extras,
        )

    def require(self, kind: str, words: str) -> None:
        """Raise Refused unless this is a connection of a kind that somebody opened as a source.

        Whoever may trigger a backfill must not be able to read whatever Airflow can reach.
        """
        if self.kind != kind:
            raise Refused(
                f"The Airflow connection {self.connection_id} is of type {self.kind!r}; {words} "
                f"needs one of type {kind!r}."
            )
        if self.extra.get(OPENING) not in (True, "true", "True"):
            raise Refused(
                f"The Airflow connection {self.connection_id} is not opened as a source. If "
                "everybody who may trigger this DAG may read what it reaches, set "
                f'{{"{OPENING}": true}} in its extra.'
            )


Endpoints = Callable[[str], Endpoint]
"""Finds the endpoint of a connection's id; raises Refused when there is none."""
