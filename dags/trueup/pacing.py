"""How fast a worker may go: batches of about one duration, and smaller ones when others suffer."""

import time
from collections.abc import Callable
from typing import NamedTuple

from psycopg import Connection

from trueup import batches, statements

# A standby further behind than this is no longer one to fail over to.
LAG_SECONDS = 10.0
# Who waits for our locks longer than this feels it; below, it is everyday traffic.
WAITING_SECONDS = 0.2
# A transaction this old keeps dead rows from being cleaned, and we make many: small steps then.
TRANSACTION_SECONDS = 300.0

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 5.0


class Pressure(NamedTuple):
    """Who suffers, in seconds; None where nobody does, or where this role may not see it."""

    lag_seconds: float | None = None
    waiting_seconds: float | None = None
    transaction_seconds: float | None = None

    @property
    def reasons(self) -> list[str]:
        """What there is to back off from, in words."""
        return [
            f"{what} ({seconds:.1f} s)"
            for what, seconds, limit in (
                ("a standby lags behind", self.lag_seconds, LAG_SECONDS),
                ("a session waits for our locks", self.waiting_seconds, WAITING_SECONDS),
                (
                    "another session's transaction is old",
                    self.transaction_seconds,
                    TRANSACTION_SECONDS,
                ),
            )
            if seconds is not None and seconds > limit
        ]

    @property
    def asks_for_pause(self) -> bool:
        """Whether small batches are not enough; an old transaction does not end by our waiting."""
        return bool(self._replace(transaction_seconds=None).reasons)


NO_PRESSURE = Pressure()


def read_pressure(connection: Connection) -> Pressure:
    """Read who suffers from this session, inside the transaction that holds the locks."""
    return Pressure(*statements.fetch_one(connection, "trueup/pace/read_pressure"))


def leave_a_core(connection: Connection) -> None:
    """Keep a worker's session from looking at the books with several processes at once."""
    statements.execute(connection, "trueup/pace/leave_a_core")


class Pace:
    """The size of a worker's next batch, and the pause before it.

    `say` gets a sentence when pressure begins and one when it ends, not one a batch. A pause never
    grows beyond five seconds: a backfill slows down, it does not starve, and it looks between two
    pauses whether it was told to stop.
    """

    def __init__(self, first_size: int, target_seconds: float, say: Callable[[str], None]) -> None:
        self.size = first_size
        self._target_seconds = target_seconds
        self._say = say
        self._pause_seconds = 0.0
        self._pressed = False

    def after(self, seconds: float, pressure: Pressure) -> None:
        """Adapt to a batch that took so long and met this pressure; wait if others need it."""
        reasons = pressure.reasons
        if reasons:
            self.size = batches.halve(self.size)
            if not self._pressed:
                self._say(f"Backing off to batches of {self.size}: {', '.join(reasons)}.")
        else:
            self.size = batches.next_size(self.size, seconds, self._target_seconds)
            if self._pressed:
                self._say(f"Nobody suffers any more; going on with batches of {self.size}.")
        self._pressed = bool(reasons)
        self._pause_seconds = (
            min(max(self._pause_seconds * 2, _FIRST_PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS)
            if pressure.asks_for_pause
            else 0.0
        )
        time.sleep(self._pause_seconds)

    def after_failure(self) -> None:
        """Adapt to a batch that failed and will be tried again."""
        self.size = batches.halve(self.size)
