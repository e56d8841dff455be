"""Rows of an HTTP API that gives JSON in pages, by cursor or by offset."""

import hashlib
from collections.abc import Iterator
from typing import Any

from trueup.errors import OperationalFailure, Refused
from trueup.sources import objects
from trueup.sources.columns import StagedRow
from trueup.sources.endpoints import Endpoint
from trueup.sources.extracts import Cursor, Part
from trueup.sources.http import Caller, require_path
from trueup.sources.mapping import Api, Mapping
from trueup.sources.objects import ObjectReader


class ApiSource:
    """A path of an API; the mapping's `api` says how it pages.

    Raises Refused when the path would lead away from the endpoint's host.

    parameters: what is asked for beside the paging, such as a window of time
    """

    def __init__(
        self,
        endpoint: Endpoint,
        path: str,
        mapping: Mapping,
        max_retries: int,
        retry_delay: int,
        parameters: dict[str, str] | None = None,
    ) -> None:
        endpoint.require("http", "an API")
        require_path(path)
        self._endpoint = endpoint
        self._path = path
        self._api: Api = mapping.api or Api()
        self._parameters = {**self._api.parameters, **(parameters or {})}
        self._reader = ObjectReader(path, mapping)
        self.key: str | None = self._api.key
        self._retries = (max_retries, retry_delay)

    @property
    def fingerprint(self) -> str:
        """What is read and from where; what came of it is hashed while it is read."""
        asked = (f"{name} {value}" for name, value in sorted(self._parameters.items()))
        named = "\n".join((self._endpoint.connection_id, self._path, *asked))
        return hashlib.sha256(named.encode()).hexdigest()

    def about(self) -> dict[str, Any]:
        """Ask for the first page, and tell what the audit wants to know.

        Raises Refused when the API says no, or its fields cannot be used.
        """
        with self._caller() as caller:
            records, _ = self._page(caller, self.begin())
        named = [record for record in records if isinstance(record, dict)]
        return {"ignored_columns": self._reader.columns_of(named).ignored if named else []}

    def begin(self) -> Cursor:
        """The first page; an API tells no bound and is read until it has no more."""
        return {"offset": 0} if self._api.paging == "offset" else {"cursor": None}

    def parts(self, cursor: Cursor, position: int) -> Iterator[Part]:
        """Yield page after page. Raises OperationalFailure when the pages go round in a circle."""
        with self._caller() as caller:
            while not cursor.get("end"):
                records, following = self._page(caller, cursor)
                if following == cursor:
                    raise OperationalFailure(
                        f"{self._path} gives the cursor {cursor} as the one behind it: its pages "
                        "go round in a circle. What was read is kept; ask the API's owner."
                    )
                rows = [self._row(number, each) for number, each in enumerate(records, position)]
                position += len(rows)
                yield Part(rows, following)
                cursor = following

    def recount(self, _cursor: Cursor, /) -> int | None:
        """An API cannot be asked what came in behind the cursor."""
        return None

    def _caller(self) -> Caller:
        return Caller(self._endpoint, *self._retries)

    def _row(self, position: int, record: Any) -> StagedRow:
        raw = objects.text_of(record)
        if not isinstance(record, dict):
            return objects.unreadable(position, raw, "is not a JSON object")
        return self._reader.read(position, record, raw)

    def _page(self, caller: Caller, at: Cursor) -> tuple[list[Any], Cursor]:
        """The records of a page, and the cursor of the next one."""
        api = self._api
        asked = {api.page_size_parameter: str(api.page_size), **self._parameters}
        if api.paging == "offset":
            asked[api.offset_parameter] = str(at["offset"])
        elif at["cursor"] is not None:
            asked[api.cursor_parameter] = str(at["cursor"])
        answer = caller.get(self._path, asked)
        records = self._records(answer)
        if api.paging == "offset":
            return records, {"offset": at["offset"] + len(records)} if records else {"end": True}
        following = _below(answer, api.cursor_field) if api.paging == "cursor" else None
        return records, {"end": True} if following in (None, "") else {"cursor": str(following)}

    def _records(self, answer: Any) -> list[Any]:
        found = _below(answer, self._api.records) if self._api.records else answer
        if isinstance(found, dict):
            lists = [value for value in found.values() if isinstance(value, list)]
            found = lists[0] if len(lists) == 1 else None
        if not isinstance(found, list):
            raise Refused(
                f"The answer of {self._path} has no list of records where it is looked for. Say "
                "where it lies, `api: {records: …}`, in a mapping."
            )
        return found


def _below(answer: Any, path: str) -> Any:
    """What lies at a dotted path of a parsed answer, or None."""
    for name in path.split("."):
        answer = answer.get(name) if isinstance(answer, dict) else None
    return answer
