"""The migration of the juntas: what it refuses, how it judges a history, and what it leaves."""

from typing import Any

import pytest

from databases import Database
from runs import Books


def test_a_history_is_judged_by_the_rules_of_capital(books: Books):
    attempt = books.begin().to_validated()
    verdicts = attempt.row.figures["verdicts"]
    assert verdicts["read"] == verdicts["postable"]
    assert verdicts["movements"] == 600
