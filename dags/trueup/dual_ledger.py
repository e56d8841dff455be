"""The other ledger: its entries are extracted, ours delivered, and both compared.

`sources/scb.py` says what the API of the other ledger is like.
"""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from psycopg import Connection

from trueup import journal, statements
from trueup.errors import DataFailure, OperationalFailure, Transient
from trueup.journal import Run
from trueup.sources import scb
from trueup.sources.endpoints import Endpoint
from trueup.sources.http import Caller, Rejected

log = logging.getLogger(__name__)

# After so many attempts a row is given up for a person to look at.
_MOST_ATTEMPTS = 10
# So many rows that cannot be delivered in a row, and it is not the rows: the other side is down.
_MOST_IN_A_ROW = 3
# Progress is told every so many rows.
_ROWS_TOLD = 1_000
# A range this small is fetched and compared entry by entry.
_RANGE_FETCHED = 100


class Range(NamedTuple):
    """References behind `after` up to `up_to`, in byte order; None: to the end."""

    after: str
    up_to: str | None


def deliver(connection: Connection, run: Run, endpoint: Endpoint) -> dict[str, int]:
    """Send what is queued, in order; give the outbox by status.

    At least once: a row that was sent and not acknowledged is sent again. A row that the other
    ledger refuses is FAILED with its words, and blocks nobody. Raises Transient when the other
    ledger does not answer; what it has acknowledged until then is kept.
    """
    after, in_a_row, sent = 0, 0, 0
    with Caller(endpoint, run.plan.max_retries, run.plan.retry_delay) as caller:
        while row := statements.fetch_one(connection, _sql(run, "deliver/claim_row"), after=after):
            after, sent = row.id, sent + 1
            trouble = _send(connection, run, caller, row)
            if sent % _ROWS_TOLD == 0:
                log.info("%s outbox rows sent", f"{sent:,}")
            in_a_row = in_a_row + 1 if trouble else 0
            if trouble and in_a_row >= _MOST_IN_A_ROW:
                raise trouble
    counts = statements.fetch_one(connection, _sql(run, "deliver/count_outbox"))._asdict()
    journal.log(
        connection,
        run,
        f"Outbox: {counts['acked']} acknowledged, {counts['failed']} given up, "
        f"{counts['queued'] + counts['sent']} waiting.",
    )
    return counts


def _send(connection: Connection, run: Run, caller: Caller, row: Any) -> Transient | None:
    """Send one row and keep what became of it; give what went wrong if that may pass."""
    status, words, trouble = "ACKED", None, None
    try:
        caller.post(
            scb.path(run.plan, "entries"),
            row.fields,
            **{"Idempotency-Key": _header(row.reference_id)},
        )
    except Rejected as refusal:
        status, words = "FAILED", str(refusal)
    except Transient as error:
        trouble = error
        status, words = "FAILED" if row.attempts >= _MOST_ATTEMPTS else "QUEUED", str(error)
    if words:
        log.warning("%s: %s (%s)", row.reference_id, words, status)
    statements.execute(
        connection, _sql(run, "deliver/save_outcome"), id=row.id, status=status, last_error=words
    )
    return trouble


def compare(connection: Connection, run: Run, endpoint: Endpoint) -> dict[str, Any]:
    """Hold both ledgers against each other by reference; keep and count every difference.

    By checksums over ranges that are halved until they agree or are small: rows are shipped only
    where something differs. Raises DataFailure when more than `accept_breaks` references differ
    that the other ledger has not refused.
    """
    with Caller(endpoint, run.plan.max_retries, run.plan.retry_delay) as caller:
        comparison = _Comparison(connection, run, caller)
        found = list(comparison.differences(Range("", None)))
    with connection.transaction():
        statements.execute(connection, "trueup/journal/delete_differences", run_id=run.run_id)
        for difference in found:
            statements.execute(
                connection, "trueup/journal/insert_difference", run_id=run.run_id, **difference
            )
    unknown = [each for each in found if not each["known_reason"]]
    figures = {
        "differences": len(found),
        "refused_there": len(found) - len(unknown),
        "ranges": comparison.ranges,
        "fetched": comparison.fetched,
    }
    journal.add_figures(connection, run, compared=figures)
    journal.log(
        connection,
        run,
        f"Compared with {run.plan.sovereign_bank_id}: {len(unknown)} references differ, "
        f"{figures['refused_there']} were refused there; {comparison.ranges} ranges, "
        f"{comparison.fetched} entries fetched.",
    )
    if not run.plan.accepts(len(unknown)):
        first = unknown[0]
        raise DataFailure(
            f"{len(unknown)} references differ between the ledgers, {run.plan.accept_breaks} were "
            f"accepted; the first is {first['reference_id']} ({first['kind'].replace('_', ' ')}). "
            "trueup.ledger_differences has all."
        )
    return figures


class _Comparison:
    """One comparison of both ledgers, with what it cost."""

    def __init__(self, connection: Connection, run: Run, caller: Caller) -> None:
        self._connection = connection
        self._run = run
        self._caller = caller
        self._window = scb.window(run.plan)
        self.ranges = 0
        self.fetched = 0

    def differences(self, whole: Range) -> Iterator[dict[str, Any]]:
        """Every reference of a range that is not the same on both sides, in order."""
        here, there = self._sum_here(whole), self._sum_there(whole)
        self.ranges += 1
        if (here.count, here.checksum) == (there["count"], there["checksum"]):
            return
        if max(here.count, there["count"]) <= _RANGE_FETCHED:
            yield from self._compare_entries(whole)
            return
        # The longer side's middle halves it at least; the other side's may lie outside.
        middle = here.middle if here.count >= there["count"] else there["middle"]
        if not _is_between(whole, middle):
            raise OperationalFailure(
                f"The other ledger names {str(middle)[:200]!r} as the middle of the references "
                f"behind {whole.after!r}, which halves nothing; it cannot be compared with."
            )
        yield from self.differences(Range(whole.after, middle))
        yield from self.differences(Range(middle, whole.up_to))

    def _compare_entries(self, part: Range) -> Iterator[dict[str, Any]]:
        here = {row.reference_id: row for row in self._select("list_range", part)}
        there = {entry["referenceId"]: _entry_text(entry) for entry in self._fetch(part)}
        for reference in sorted({*here, *there}, key=str.encode):
            mine = here.get(reference)
            text = mine.entry_text if mine else None
            if text == there.get(reference):
                continue
            kind = "different"
            if text is None:
                kind = "missing_here"
            elif reference not in there:
                kind = "missing_there"
            yield {
                "reference_id": reference,
                "kind": kind,
                "here": text,
                "there": there.get(reference),
                "known_reason": mine.refusal if mine and kind == "missing_there" else None,
            }

    def _sum_here(self, part: Range) -> Any:
        return self._select("sum_range", part)[0]

    def _sum_there(self, part: Range) -> dict[str, Any]:
        answer = self._caller.get(scb.path(self._run.plan, "checksum"), self._asked(part))
        try:
            return {
                "count": int(answer["count"]),
                "checksum": str(answer["checksum"]),
                "middle": answer["middle"],
            }
        except (KeyError, TypeError, ValueError) as error:
            raise OperationalFailure(
                f"The other ledger's checksum cannot be understood: {str(answer)[:200]}"
            ) from error

    def _fetch(self, part: Range) -> Iterator[dict[str, Any]]:
        asked = {**self._asked(part), "limit": str(_RANGE_FETCHED)}
        while True:
            answer = self._caller.get(scb.path(self._run.plan, "entries"), asked)
            self.fetched += len(answer["entries"])
            yield from answer["entries"]
            if not answer.get("next_cursor"):
                return
            asked["cursor"] = str(answer["next_cursor"])

    def _asked(self, part: Range) -> dict[str, str]:
        bounds = {"after": part.after} | ({"up_to": part.up_to} if part.up_to else {})
        return {**self._window, **bounds}

    def _select(self, name: str, part: Range) -> list[Any]:
        return statements.fetch_all(
            self._connection,
            _sql(self._run, f"compare/{name}"),
            since=self._window["from"],
            before=self._window["to"],
            **part._asdict(),
        )


def _is_between(whole: Range, middle: Any) -> bool:
    """Whether a reference cuts a range in two that are both smaller."""
    return (
        isinstance(middle, str)
        and whole.after.encode() < middle.encode()
        and (whole.up_to is None or middle.encode() < whole.up_to.encode())
    )


def _entry_text(entry: dict[str, Any]) -> str:
    """The text of an entry of theirs, as `entry_text.sql` makes it of ours."""
    amount = str(entry["amount"])
    whole, _, fraction = amount.partition(".")
    fraction = fraction.rstrip("0")
    return "|".join(
        (
            entry["referenceId"], entry["debitAccountId"], entry["creditAccountId"],
            f"{whole}.{fraction}" if fraction else whole, entry["currencyCode"],
            _instant(entry["timestampUtc"]),
        )
    )  # fmt: skip


def _instant(text: str) -> str:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    zoned = found if found.tzinfo else found.replace(tzinfo=UTC)
    return f"{zoned.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _header(reference: str) -> str:
    """A reference as a header may hold it."""
    return quote(reference, safe=" -_.:/")


def _sql(run: Run, name: str) -> str:
    return f"{run.system.name}/{name}"
