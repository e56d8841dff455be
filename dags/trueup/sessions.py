"""Other sessions that keep what a run needs for a moment."""

import logging

import psycopg
from psycopg import Connection

from trueup import journal, statements, steps
from trueup.errors import OperationalFailure
from trueup.journal import Run

log = logging.getLogger(__name__)


def send_away(connection: Connection, run: Run) -> None:
    """Cancel what others do with the books for more than a moment, when the run was asked to.

    Raises OperationalFailure, with what to grant, when the role may not.
    """
    if run.plan.cancel_sessions:
        cancel(connection, run)


def name(connection: Connection) -> None:
    """Tell the log who else works in the database: a person should know."""
    for session in statements.fetch_all(connection, "trueup/audit/list_other_sessions"):
        log.info("Another session: %s", session)


def cancel(connection: Connection, run: Run) -> None:
    """Cancel what others do with the books for more than a moment.

    Raises OperationalFailure, with what to grant, when the role may not.
    """
    try:
        sent = steps.fetch_all(connection, run, "audit/cancel_sessions")
    except psycopg.errors.InsufficientPrivilege as error:
        raise OperationalFailure(
            "cancel_sessions was asked for, and this role may not cancel the sessions of others: "
            f"{str(error).splitlines()[0]}. Let an administrator run: GRANT pg_signal_backend TO "
            f"{connection.info.user};"
        ) from error
    for each in sent:
        sentence = (
            f"Session {each.pid} of {each.role} ({each.application_name or 'no name'}, "
            f"{each.state}) kept the tables and was sent away."
        )
        log.warning("%s", sentence)
        journal.log(connection, run, sentence)
