"""Switches those who use the books over to the new schema, in one short transaction."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Connection

from trueup import journal, rules, sessions, statements
from trueup.errors import DataFailure
from trueup.journal import Run
from trueup.systems.declaration import Constraint

log = logging.getLogger(__name__)


def cut_over(connection: Connection, run: Run) -> dict[str, Any]:
    """Bring the keys that the old tables have to the new ones, then switch. Safe to repeat.

    Gives the seconds that the switch took up to its commit, the waiting for locks included: nobody
    who writes waited longer. Raises DataFailure when a row breaks a key, or when the app has
    changed its tables since, or when the rules that hold from here on let pass what they must
    refuse.
    """
    journal.check_all_posted(connection, run)
    if not journal.is_cut_over(run):
        try:
            for step in ("carry_keys", "validate_keys"):
                with _fenced(connection, run):
                    statements.fetch_one(connection, _sql(run, step))
            sessions.send_away(connection, run)
            _switch(connection, run)
        except psycopg.IntegrityError as error:
            raise DataFailure(f"Not cut over: {str(error).splitlines()[0]}.") from error
    _prove(connection, run)
    return journal.read_run(connection, run.run_id).row.figures[journal.CUT_OVER]


def _switch(connection: Connection, run: Run) -> None:
    started = time.perf_counter()
    with _fenced(connection, run):
        statements.fetch_one(connection, _sql(run, "cut_over"), run_id=run.run_id)
        for constraint in _coming(run):
            rules.add(connection, run, constraint)
        seconds = f"{time.perf_counter() - started:.3f}"
        journal.add_figures(connection, run, **{journal.CUT_OVER: {"seconds": seconds}})
        journal.log(connection, run, f"Cut over to the new schema in {seconds} s.")


def _prove(connection: Connection, run: Run) -> None:
    """See that what must not be written is refused to those who use the new schema."""
    for constraint in _coming(run):
        rules.validate(connection, run, constraint)
        rules.prove(connection, run, constraint)
    with _fenced(connection, run):
        unrefused = statements.fetch_all(connection, _sql(run, "list_unrefused"))
    passed = [row.attempt for row in unrefused if row.passed]
    if passed:
        raise DataFailure(f"It is cut over, but its rules let pass: {'; '.join(passed)}.")
    untried = [f"{row.attempt} (refused by {row.refused_by})" for row in unrefused]
    if untried:
        sentence = (
            f"The rules could not be tried on {'; '.join(untried)}: the books demand of a new row "
            "what is not known here."
        )
        log.warning("%s", sentence)
        journal.log(connection, run, sentence)
    else:
        journal.log(connection, run, "The rules refuse what they must.")


def _coming(run: Run) -> list[Constraint]:
    """The rules that come with the cutover."""
    return [constraint for constraint in run.system.constraints if constraint.at_cutover]


@contextmanager
def _fenced(connection: Connection, run: Run) -> Iterator[None]:
    with connection.transaction():
        journal.fence(connection, run, run.status)
        yield


def _sql(run: Run, name: str) -> str:
    return f"{run.system.name}/cut_over/{name}"
