"""Posts one range of keys, batch by batch, each in its own transaction."""

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg import Connection
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
)

from trueup import errors, initial_load, journal, pacing, posting, regime
from trueup.errors import Transient
from trueup.initial_load import BlockLoader
from trueup.journal import Run
from trueup.pacing import Pace
from trueup.posting import Checkpoint
from trueup.sources.files import SourceFiles

log = logging.getLogger(__name__)

_LONGEST_PAUSE_SECONDS = 60
# Between two checks of all balances lies at least so many times what the last one took.
_CHECK_SHARE = 20

Result = TypeVar("Result")


def post(
    connect: Callable[[], Connection],
    run: Run,
    range_no: int,
    files: SourceFiles | None = None,
) -> dict[str, Any]:
    """Post a range from its checkpoint to its bound and give the last checkpoint.

    Transient errors of a batch are tried again `max_retries` times, `retry_delay` milliseconds
    apart and doubling; a broken connection is replaced. Raises Transient when they do not pass.
    """
    if regime.is_initial(run) and files:
        with initial_load.opened(run, files) as loader:
            return _post(_Poster(connect, run, range_no, loader), run)
    return _post(_Poster(connect, run, range_no), run)


def _post(poster: "_Poster", run: Run) -> dict[str, Any]:
    try:
        while True:
            checkpoint = poster.post_batch()
            poster.report(checkpoint)
            if checkpoint.finished:
                return checkpoint.as_dict()
            if run.plan.validate_balances and poster.is_check_due(checkpoint):
                poster.check_balances()
    finally:
        poster.close()


class _Poster:
    """Holds the connection of one worker, gets a new one when it breaks, and keeps its pace."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        run: Run,
        range_no: int,
        loader: BlockLoader | None = None,
    ) -> None:
        self._connect = connect
        self._run = run
        self._range_no = range_no
        self._loader = loader
        self._connection: Connection | None = None
        plan = run.plan
        self._pace = Pace(plan.batch_size, plan.target_seconds, self._note_pressure)
        self._next_check_at = 0.0
        self._retrying = Retrying(
            retry=retry_if_exception_type(Transient),
            stop=stop_after_attempt(plan.max_retries + 1),
            wait=wait_exponential(multiplier=plan.retry_delay / 1000, max=_LONGEST_PAUSE_SECONDS),
            before_sleep=self._note_retry,
            reraise=True,
        )

    @property
    def connection(self) -> Connection:
        """The open connection; a new one in place of a broken one."""
        if self._connection is None or self._connection.broken or self._connection.closed:
            self.close()
            self._connection = self._connect()
            journal.hold_worker_lock(self._connection, self._run)
            pacing.leave_a_core(self._connection)
        return self._connection

    def post_batch(self) -> Checkpoint:
        """Post the next batch, trying transient errors again; then adapt, and wait if need be."""
        checkpoint, seconds = self._retrying(self._once, self._post_next_batch)
        if self._loader:
            self._loader.forget(checkpoint.last_key)
        elif not checkpoint.finished:
            self._pace.after(seconds, checkpoint.pressure)
        return checkpoint

    def check_balances(self) -> None:
        """Hold balances against entries, trying transient errors again."""
        started = time.monotonic()
        self._retrying(self._once, lambda here: posting.check_balances(here, self._run))
        took = time.monotonic() - started
        self._next_check_at = started + took * _CHECK_SHARE

    def is_check_due(self, checkpoint: Checkpoint) -> bool:
        """Whether so many batches have passed; but a growing ledger is not checked all the time."""
        return self._is_interval(checkpoint) and time.monotonic() >= self._next_check_at

    def report(self, checkpoint: Checkpoint) -> None:
        """Tell the log how far the range is."""
        if checkpoint.finished or self._is_interval(checkpoint):
            log.info(
                "Range %d, batch %d: %d read, %d posted, %d replayed, %d quarantined, up to line "
                "%d; next %d keys",
                checkpoint.range_no, checkpoint.batches, checkpoint.read, checkpoint.posted,
                checkpoint.replayed, checkpoint.quarantined, checkpoint.last_key, self._pace.size,
            )  # fmt: skip

    def close(self) -> None:
        """Let the connection go; a broken one is gone already."""
        if self._connection is not None:
            self._connection.close()

    def _post_next_batch(self, connection: Connection) -> tuple[Checkpoint, float]:
        started = time.perf_counter()
        checkpoint = posting.post_next_batch(
            connection, self._run, self._range_no, self._pace.size, self._loader
        )
        return checkpoint, time.perf_counter() - started

    def _is_interval(self, checkpoint: Checkpoint) -> bool:
        return checkpoint.batches % self._run.plan.checkpoint_interval == 0

    def _note_pressure(self, sentence: str) -> None:
        log.warning("Range %d: %s", self._range_no, sentence)
        self._once(lambda here: journal.log(here, self._run, sentence, range_no=self._range_no))

    def _once(self, step: Callable[[Connection], Result]) -> Result:
        try:
            return step(self.connection)
        except psycopg.Error as error:
            raise errors.from_database(error) from error

    def _note_retry(self, state: RetryCallState) -> None:
        self._pace.after_failure()
        pause = state.next_action.sleep if state.next_action else 0
        log.warning(
            "Range %d, try %d: %s Trying again in %.1f s.",
            self._range_no, state.attempt_number, state.outcome and state.outcome.exception(),
            pause,
        )  # fmt: skip
