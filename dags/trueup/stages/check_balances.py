"""Holds every stored balance against its entries once more, when all ranges are posted."""

from typing import Any

from psycopg import Connection

from trueup import journal, posting
from trueup.journal import Run


def check_balances(connection: Connection, run: Run) -> dict[str, Any]:
    """See that every row is accounted for and every balance follows from its entries.

    Raises Fenced when a range is not posted yet, DataFailure when a figure is off.
    """
    journal.check_all_posted(connection, run)
    if not journal.is_cut_over(run):
        posting.check_balances(connection, run)
    return {"balances": "agree with their entries"}
