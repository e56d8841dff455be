"""The tree of errors decides what happens next: retry, roll back, resume or stop."""

import psycopg
import pytest
from psycopg import errors as database_errors

from trueup.errors import (
    DataFailure,
    Fenced,
    OperationalFailure,
    Refused,
    RollbackRefused,
    Transient,
    TrueupError,
    from_database,
)


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("connection refused"),
        database_errors.DeadlockDetected("deadlock"),
        database_errors.SerializationFailure("could not serialize"),
        database_errors.LockNotAvailable("lock timeout"),
        database_errors.AdminShutdown("terminating connection"),
        database_errors.CrashShutdown("crash"),
        database_errors.CannotConnectNow("starting up"),
        database_errors.TooManyConnections("too many"),
        database_errors.DiskFull("no space left"),
        database_errors.QueryCanceled("statement timeout"),
        database_errors.ConnectionFailure("gone"),
    ],
)
def test_what_may_pass_is_tried_again(error):
    assert type(from_database(error)) is Transient


@pytest.mark.parametrize(
    "error",
    [
        database_errors.CheckViolation("check"),
        database_errors.ForeignKeyViolation("foreign key"),
        database_errors.UniqueViolation("unique"),
        database_errors.NotNullViolation("not null"),
    ],
)
def test_what_the_database_says_of_the_data_is_a_failure_of_the_data(error):
    assert type(from_database(error)) is DataFailure


@pytest.mark.parametrize(
    "error",
    [
        database_errors.UndefinedTable("no such table"),
        database_errors.InsufficientPrivilege("permission denied"),
        database_errors.SyntaxError("syntax"),
        database_errors.ReadOnlySqlTransaction("read only"),
        database_errors.NumericValueOutOfRange("overflow"),
    ],
)
def test_what_a_person_must_mend_is_neither_tried_again_nor_taken_back(error):
    assert type(from_database(error)) is OperationalFailure


def test_a_database_error_is_named_by_its_first_line():
    error = from_database(database_errors.CheckViolation("first line\nDETAIL: more"))
    assert str(error) == "The database refused the data: first line"


def test_an_error_without_words_still_has_a_sentence():
    assert str(from_database(psycopg.OperationalError())).endswith("OperationalError")


def test_only_transient_failures_are_operational_ones_that_are_tried_again():
    assert issubclass(Transient, OperationalFailure)
    for final in (Refused, DataFailure, Fenced, RollbackRefused):
        assert issubclass(final, TrueupError)
        assert not issubclass(final, OperationalFailure)
