"""The other ledger: its entries are extracted, ours delivered, and both compared.

`sources/scb.py` says what the API of the other ledger is like.
"""

import logging
from collections import defaultdict
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

# Answers by which the other ledger refuses the one row that it was sent; all others in the 300s and
# 400s tell of the way there: of a right that expired, of a path, of a method.
_REFUSALS = (400, 409, 413, 422)
# After so many attempts a row is given up for a person to look at, who may grant it as many more.
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


class Outcome(NamedTuple):
    """What became of a row: its status and what was said; `trouble` if it was not the row's own."""

    status: str
    words: str | None = None
    refused: bool = False
    trouble: OperationalFailure | None = None


def deliver(connection: Connection, run: Run, endpoint: Endpoint) -> dict[str, int]:
    """Send what is queued, in order; give the outbox by status.

    At least once: a row that was sent and not acknowledged is sent again. A row that the other
    ledger refuses is FAILED with its words, and blocks nobody. Raises Transient when the other
    ledger does not answer, at once if it does so several times in a row, and OperationalFailure
    when it turns away whoever sends; what it has acknowledged until then is kept.
    """
    after, in_a_row, sent, waiting = 0, 0, 0, 0
    with Caller(endpoint, run.plan.max_retries, run.plan.retry_delay) as caller:
        while row := statements.fetch_one(connection, _sql(run, "deliver/claim_row"), after=after):
            outcome = _send(run, caller, endpoint, row)
            _keep(connection, run, row, outcome)
            after, sent = row.id, sent + 1
            if sent % _ROWS_TOLD == 0:
                log.info("%s outbox rows sent", f"{sent:,}")
            waiting += outcome.status == "QUEUED"
            if outcome.trouble is None:
                in_a_row = 0
                continue
            in_a_row += 1
            if in_a_row >= _MOST_IN_A_ROW or not isinstance(outcome.trouble, Transient):
                raise outcome.trouble
    counts = statements.fetch_one(connection, _sql(run, "deliver/count_outbox"))._asdict()
    journal.log(
        connection,
        run,
        f"Outbox: {counts['acked']} acknowledged, {counts['failed']} refused or given up, "
        f"{counts['queued'] + counts['sent']} waiting.",
    )
    if waiting:
        raise Transient(
            f"{waiting} of {sent} outbox rows could not be delivered; last_error in "
            "dual_ledger_outbox says why. They are queued, and sent when this is tried again."
        )
    return counts


def _send(run: Run, caller: Caller, endpoint: Endpoint, row: Any) -> Outcome:
    try:
        caller.post(
            scb.path(run.plan, "entries"),
            row.fields,
            **{"Idempotency-Key": _header(row.reference_id)},
        )
    except Rejected as answer:
        if answer.status in _REFUSALS:
            return Outcome("FAILED", str(answer), refused=True)
        trouble = OperationalFailure(
            f"{answer} This is no refusal of a row, so {row.reference_id} stays queued with all "
            f"behind it. Mend the Airflow connection {endpoint.connection_id}, or what it leads "
            "to, and trigger the same again."
        )
        return Outcome("QUEUED", str(answer), trouble=trouble)
    except Transient as error:
        given_up = row.attempts % _MOST_ATTEMPTS == 0
        return Outcome("FAILED" if given_up else "QUEUED", str(error), trouble=error)
    return Outcome("ACKED")


def _keep(connection: Connection, run: Run, row: Any, outcome: Outcome) -> None:
    if outcome.words:
        log.warning("%s: %s (%s)", row.reference_id, outcome.words, outcome.status)
    statements.execute(
        connection,
        _sql(run, "deliver/save_outcome"),
        id=row.id,
        status=outcome.status,
        last_error=outcome.words,
        refused=outcome.refused,
    )


def compare(connection: Connection, run: Run, endpoint: Endpoint) -> dict[str, Any]:
    """Hold both ledgers against each other by reference; keep and count every difference.

    By checksums over ranges that are halved until they agree or are small: rows are shipped only
    where something differs. What the other ledger has refused, what is not delivered yet and what
    lies in this run's quarantine differs for a known reason. Raises DataFailure when more than
    `accept_breaks` references differ for none, or when checksums differ and no entry does.
    """
    with Caller(endpoint, run.plan.max_retries, run.plan.retry_delay) as caller:
        comparison = _Comparison(connection, run, caller)
        found = comparison.differences(Range("", None))
    with connection.transaction():
        statements.execute(connection, "trueup/journal/delete_differences", run_id=run.run_id)
        for difference in found:
            statements.execute(
                connection,
                "trueup/journal/insert_difference",
                run_id=run.run_id,
                **difference._asdict(),
            )
    unknown = [each for each in found if not each.known_reason]
    figures = {
        "differences": len(found),
        "known": len(found) - len(unknown),
        "refused_there": comparison.refused,
        "ranges": comparison.ranges,
        "fetched": comparison.fetched,
    }
    journal.add_figures(connection, run, compared=figures)
    journal.log(
        connection,
        run,
        f"Compared with {run.plan.sovereign_bank_id}: {len(unknown)} references differ, "
        f"{figures['known']} more for a known reason, of which {comparison.refused} were refused "
        f"there; {comparison.ranges} ranges, {comparison.fetched} entries fetched.",
    )
    if not run.plan.accepts(len(unknown)):
        first = unknown[0]
        raise DataFailure(
            f"{len(unknown)} references differ between the ledgers, {run.plan.accept_breaks} were "
            f"accepted; the first is {first.reference_id} ({first.kind.replace('_', ' ')}). "
            "trueup.ledger_differences has all."
        )
    return figures


class Difference(NamedTuple):
    """A reference that both ledgers do not tell the same of; texts of several entries in lines."""

    reference_id: str
    kind: str
    here: str | None
    there: str | None
    known_reason: str | None


class _Comparison:
    """One comparison of both ledgers, with what it cost."""

    def __init__(self, connection: Connection, run: Run, caller: Caller) -> None:
        self._connection = connection
        self._run = run
        self._caller = caller
        self._window = scb.window(run.plan)
        # As the times of entries are written, which makes texts comparable.
        self._began = _instant(run.row.started_at.isoformat())
        self.ranges = 0
        self.fetched = 0
        self.refused = 0

    def differences(self, whole: Range) -> list[Difference]:
        """Every reference of a range that is not the same on both sides, in order."""
        here, there = self._sum(whole)
        if _agree(here, there):
            return []
        if max(here.count, there["count"]) <= _RANGE_FETCHED:
            found = self._compare_entries(whole)
        else:
            found = self._compare_halves(whole, here, there)
        # Entries may have come while they were read: the sums are asked for once more.
        if not found and not _agree(*self._sum(whole)):
            raise DataFailure(
                f"The ledgers' checksums differ behind {whole.after!r} up to {whole.up_to!r}, but "
                "no entry does. Ask the other ledger's owner how its checksum is made, and whether "
                "it counts entries that it does not show."
            )
        return found

    def _compare_halves(self, whole: Range, here: Any, there: dict[str, Any]) -> list[Difference]:
        # The longer side's middle halves it at least; the other side's may lie outside.
        middle = here.middle if here.count >= there["count"] else there["middle"]
        if not _is_between(whole, middle):
            raise OperationalFailure(
                f"The other ledger names {str(middle)[:200]!r} as the middle of the references "
                f"behind {whole.after!r}, which halves nothing; it cannot be compared with."
            )
        return [
            *self.differences(Range(whole.after, middle)),
            *self.differences(Range(middle, whole.up_to)),
        ]

    def _compare_entries(self, part: Range) -> list[Difference]:
        """Entry by entry: a reference that stands twice on a side has two texts there."""
        here, there = defaultdict(list), defaultdict(list)
        for row in self._select("list_range", part):
            here[row.reference_id].append(row)
        for entry in self._fetch(part):
            there[entry["referenceId"]].append(_entry_text(entry))
        differing = [
            reference
            for reference in sorted({*here, *there}, key=str.encode)
            if sorted(row.entry_text for row in here[reference]) != sorted(there[reference])
        ]
        quarantined = self._quarantined(differing)
        return [
            self._difference(reference, here[reference], there[reference], quarantined)
            for reference in differing
        ]

    def _difference(
        self, reference: str, ours: list[Any], theirs: list[str], quarantined: dict[str, str]
    ) -> Difference:
        unexplained = sorted(row.entry_text for row in ours if not row.known_reason)
        known_reason = None
        if unexplained == sorted(theirs):
            known_reason = next(row.known_reason for row in ours if row.known_reason)
            self.refused += any(row.refused for row in ours)
        elif not unexplained and reference in quarantined:
            known_reason = f"quarantined here: {quarantined[reference]}"
        elif not ours and all(text.rpartition("|")[2] >= self._began for text in theirs):
            known_reason = "booked there after the reading began"
        kind = "different"
        if not ours or not theirs:
            kind = "missing_there" if ours else "missing_here"
        return Difference(
            reference,
            kind,
            "\n".join(row.entry_text for row in ours) or None,
            "\n".join(theirs) or None,
            known_reason,
        )

    def _quarantined(self, references: list[str]) -> dict[str, str]:
        """Why this run has quarantined entries of theirs, by reference."""
        return {
            row.reference_id: row.reason_code
            for row in statements.fetch_all(
                self._connection,
                _sql(self._run, "compare/list_quarantined"),
                run_id=self._run.run_id,
                reference_ids=references,
            )
        }

    def _sum(self, part: Range) -> tuple[Any, dict[str, Any]]:
        self.ranges += 1
        return self._sum_here(part), self._sum_there(part)

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


def _agree(here: Any, there: dict[str, Any]) -> bool:
    """Whether both sides have as many entries in a range, of the same texts."""
    return (here.count, here.checksum) == (there["count"], there["checksum"])


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
