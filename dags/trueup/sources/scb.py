"""Where the API of a sovereign central bank's ledger has what.

For a bank `B`, below `/v1/banks/B`:

- `GET entries?from&to&limit&cursor` gives `{"entries": […], "next_cursor": …}`; with `after` and
  `up_to` those of a range of references, in their order
- `POST entries` takes one entry; the same once more is no other one. 400, 409, 413 and 422 say that
  it never will be taken; any other answer that is no success speaks of the call, not of the entry
- `GET checksum?from&to&after&up_to` gives `{"count", "checksum", "middle"}` of a range: the sum of
  the first 60 bits of the SHA-256 of each entry's text (`entry_text.sql`), and its middle reference
"""

from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import quote

from trueup.plan import Plan


def path(plan: Plan, what: str) -> str:
    """A path of the bank's API."""
    return f"/v1/banks/{quote(plan.sovereign_bank_id or '', safe='')}/{what}"


def window(plan: Plan) -> dict[str, str]:
    """The days that are synchronised, as the API's `from` and `to` (exclusive), in UTC."""
    return {"from": _moment(plan.start_date), "to": _moment(plan.end_date, days=1)}


def _moment(day: date | None, days: int = 0) -> str:
    assert day is not None, "the plan was checked"
    moment = datetime.combine(day, time(), UTC) + timedelta(days=days)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
