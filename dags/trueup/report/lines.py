"""Tells the log what a system says of its run line by line, where it has such words."""

import logging

from psycopg import Connection

from trueup import steps
from trueup.journal import Run

log = logging.getLogger(__name__)


def tell(connection: Connection, run: Run) -> None:
    """Write the lines into the log; the run's staging must still be there."""
    for row in steps.fetch_all(connection, run, "report/list_lines", run_id=run.run_id):
        log.info("%s", row.line)
