"""Everything that can go wrong, drawn as a tree. The branch decides what happens next.

TrueupError                a sentence for the person who reads the log
├── Refused                plan or audit said no; nothing was touched   → refused
├── DataFailure            the data broke a rule after posting began    → rolled back
├── OperationalFailure     the surroundings failed; the postings stand  → interrupted
│   └── Transient          … and the same step may succeed in a moment  → retried first
├── Fenced                 this worker no longer owns the run           → it stops
└── RollbackRefused        the way back is closed; says by what         → rollback_failed
"""

import psycopg


class TrueupError(Exception):
    """A failure whose message is a sentence that says what happened and what to do."""


class Refused(TrueupError):
    """The run may not start or go on; nothing was posted."""


class DataFailure(TrueupError):
    """The books would be wrong; what the run posted is taken back."""


class OperationalFailure(TrueupError):
    """The surroundings failed; what was posted stands, and the same trigger resumes the run."""


class Transient(OperationalFailure):
    """A lock, a deadlock or a broken connection: the same step may succeed when tried again."""


class Fenced(TrueupError):
    """The run was paused, rolled back or taken over; this worker must not write any more."""


class RollbackRefused(TrueupError):
    """Taking the run back would break something that came later."""


# SQLSTATE classes after which the same statement can succeed: connection trouble (08), a rolled
# back transaction (40), resources (53), a shutdown (57), a lock not available (55P03).
_TRANSIENT_CLASSES = ("08", "40", "53", "57")
_LOCK_NOT_AVAILABLE = "55P03"


def from_database(error: psycopg.Error) -> TrueupError:
    """Name a database error in the words of this tree; the original stays its cause."""
    state = error.sqlstate
    sentence = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if state is None or state == _LOCK_NOT_AVAILABLE or state[:2] in _TRANSIENT_CLASSES:
        return Transient(f"The database did not answer as it should: {sentence}")
    if isinstance(error, psycopg.IntegrityError):
        return DataFailure(f"The database refused the data: {sentence}")
    return OperationalFailure(f"The database refused a statement: {sentence}")
