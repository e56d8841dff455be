"""What a task makes of a failure: where the run stands then, and that it lets the books go."""

from pathlib import Path

import pytest

from runs import payments
from trueup.errors import DataFailure, Refused

pytestmark = pytest.mark.filterwarnings("default")


@pytest.mark.parametrize("failure", [DataFailure, Refused])
def test_what_fails_before_the_first_posting_is_refused_and_holds_the_books_no_longer(
    airflow_home: Path, books, failure
):
    from trueup.orchestration import work

    books.open_world()
    attempt = books.begin(payments(3)).audit().ingest()
    work._write_down(attempt.connection, attempt.run(), failure("the database refused the data"))
    assert (attempt.row.status, attempt.row.failure) == ("refused", "refused")
    attempt.die()
    assert books.backfill(payments(3)).status == "completed"


def test_what_fails_after_it_waits_for_the_rollback(airflow_home: Path, books):
    from trueup.orchestration import work

    books.open_world()
    attempt = books.begin(payments(3)).to_posting()
    work._write_down(attempt.connection, attempt.run(), DataFailure("a rule was broken"))
    assert (attempt.row.status, attempt.row.failure) == ("posting", "data")
