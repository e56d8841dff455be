"""A small ledger server of a sovereign central bank, for the demo and for tests.

It pages, takes entries once each, and gives checksums of ranges, as `trueup.sources.scb` says. On
request (`PUT /control`) it throttles, fails, forgets to answer, refuses, and lies. It keeps every
number as it was written, for a ledger's numbers are no floats. State is in memory. Run it with
`uvicorn demo.scb_server:app`; SCB_TOKEN is what callers must bring.
"""

import hashlib
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

import simplejson
from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request
from fastapi.responses import JSONResponse

Entry = dict[str, Any]


@dataclass
class Bank:
    """One bank's ledger, by reference, and how it misbehaves."""

    entries: dict[str, Entry] = field(default_factory=dict)
    calls: int = 0
    received: list[str] = field(default_factory=list)
    # Every so many calls one is throttled; 0: none.
    throttle_every: int = 0
    # The next so many calls fail before anything happens, or after it was done.
    fail_next: int = 0
    lose_answers: int = 0
    # The status with which whoever sends entries is turned away; 0: nobody is.
    turn_away: int = 0
    # References that are never taken; what is said of others instead of the truth.
    refuse: set[str] = field(default_factory=set)
    lies: dict[str, Entry] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    # References that it tells of twice, and fields that it tells of no entry.
    doubled: set[str] = field(default_factory=set)
    untold: set[str] = field(default_factory=set)

    def shown(self) -> list[Entry]:
        """Its entries as it tells of them, in the byte order of references."""
        told = [
            {name: value for name, value in entry.items() if name not in self.untold}
            | self.lies.get(reference, {})
            for reference, entry in self.entries.items()
            if reference not in self.hidden
            for _ in range(2 if reference in self.doubled else 1)
        ]
        return sorted(told, key=lambda entry: entry["referenceId"].encode())


class ExactResponse(JSONResponse):
    """JSON whose numbers are what they were."""

    def render(self, content: Any) -> bytes:
        """The body."""
        return simplejson.dumps(content, use_decimal=True).encode()


async def exact(request: Request) -> Any:
    """The body of a call, its numbers as they were written."""
    return simplejson.loads(await request.body(), use_decimal=True)


Exact = Annotated[Any, Depends(exact)]

app = FastAPI(title="SCB ledger")
app.state.banks = {}
app.state.token = os.environ.get("SCB_TOKEN", "scb-token")


def the_bank(bank_id: str, authorization: Annotated[str, Header()] = "") -> Bank:
    """The bank of a call, unless the caller is a stranger or it has a bad moment."""
    if authorization != f"Bearer {app.state.token}":
        raise HTTPException(401, "Who are you?")
    bank = app.state.banks.setdefault(bank_id, Bank())
    bank.calls += 1
    if bank.throttle_every and bank.calls % bank.throttle_every == 0:
        raise HTTPException(429, "Too many calls.", headers={"Retry-After": "0"})
    if bank.fail_next:
        bank.fail_next -= 1
        raise HTTPException(503, "Come again.")
    return bank


Known = Annotated[Bank, Depends(the_bank)]


class Window:
    """The entries that a call asks for: of a span of time, and of a range of references."""

    def __init__(
        self,
        since: Annotated[datetime, Query(alias="from")],
        before: Annotated[datetime, Query(alias="to")],
        after: str = "",
        up_to: str | None = None,
    ) -> None:
        self.since, self.before, self.after, self.up_to = since, before, after, up_to

    def of(self, bank: Bank) -> list[Entry]:
        """What of a bank's entries lies in the window, in order."""
        return [
            entry
            for entry in bank.shown()
            if self.since <= moment(entry) < self.before
            and entry["referenceId"].encode() > self.after.encode()
            and (self.up_to is None or entry["referenceId"].encode() <= self.up_to.encode())
        ]


@app.get("/v1/banks/{bank_id}/entries")
def list_entries(
    bank: Known, window: Annotated[Window, Depends()], limit: int = 100, cursor: str = ""
) -> JSONResponse:
    """A page of entries; the cursor is the reference behind which the next one begins."""
    found = [entry for entry in window.of(bank) if entry["referenceId"].encode() > cursor.encode()]
    page = found[:limit]
    more = len(found) > limit
    return ExactResponse(
        {"entries": page, "next_cursor": page[-1]["referenceId"] if more else None}
    )


@app.post("/v1/banks/{bank_id}/entries")
def take_entry(bank: Known, entry: Exact) -> JSONResponse:
    """Take an entry once: the same again changes nothing, another of its reference is refused."""
    reference = entry["referenceId"]
    if bank.turn_away:
        raise HTTPException(bank.turn_away, "Not you, not here, or not so.")
    bank.received.append(reference)
    if reference in bank.refuse:
        raise HTTPException(422, "This entry cannot be booked here.")
    standing = bank.entries.get(reference)
    if standing and text(standing) != text(entry):
        raise HTTPException(409, "Another entry has this reference.")
    bank.entries[reference] = standing or entry
    if bank.lose_answers:
        bank.lose_answers -= 1
        raise HTTPException(504, "It was booked, but nobody learned of it.")
    return JSONResponse({"status": "known" if standing else "booked"}, 200 if standing else 201)


@app.get("/v1/banks/{bank_id}/checksum")
def sum_entries(bank: Known, window: Annotated[Window, Depends()]) -> dict[str, Any]:
    """Count and checksum of a range, and its middle reference."""
    found = window.of(bank)
    return {
        "count": len(found),
        "checksum": str(sum(word(entry) for entry in found)),
        "middle": found[(len(found) - 1) // 2]["referenceId"] if found else None,
    }


@app.put("/control/{bank_id}")
def control(bank_id: str, asked: Exact) -> dict[str, Any]:
    """Fill a bank with entries, or tell it how to misbehave."""
    bank = app.state.banks.setdefault(bank_id, Bank())
    for entry in asked.pop("entries", []):
        bank.entries[entry["referenceId"]] = entry
    for name, value in asked.items():
        setattr(bank, name, set(value) if isinstance(value, list) else value)
    return {"entries": len(bank.entries)}


@app.get("/control/{bank_id}")
def look(bank_id: str) -> dict[str, Any]:
    """What a bank has and was sent."""
    bank = app.state.banks.setdefault(bank_id, Bank())
    return {"entries": len(bank.entries), "received": bank.received, "calls": bank.calls}


def moment(entry: Entry) -> datetime:
    """When an entry happened."""
    found = datetime.fromisoformat(entry["timestampUtc"])
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def text(entry: Entry) -> str:
    """What must be the same in both ledgers."""
    amount = format(Decimal(str(entry["amount"])), "f")
    if "." in amount:
        amount = amount.rstrip("0").rstrip(".")
    when = f"{moment(entry).astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    return "|".join(
        (
            entry["referenceId"], entry["debitAccountId"], entry["creditAccountId"], amount,
            entry["currencyCode"], when,
        )
    )  # fmt: skip


def word(entry: Entry) -> int:
    """The first 60 bits of the SHA-256 of an entry's text."""
    return int(hashlib.sha256(text(entry).encode()).hexdigest()[:15], 16)
