"""Other sessions that keep what a run needs for a moment."""

import logging

import psycopg
from psycopg import Connection

from trueup import journal, steps
from trueup.errors import OperationalFailure
from trueup.journal import Run

log = logging.getLogger(__name__)


def send_away(connection: Connection, run: Run) -> None:
    """Cancel what others do with the books for more than a moment, when the run was asked to.

    Raises OperationalFailure, with what to grant, when the role may not.
    """
    if not run.plan.cancel_sessions:
        return
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
