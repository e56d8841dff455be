"""A real HTTP server for tests: it pages through records, and misbehaves as it is told to."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from trueup.sources.endpoints import Endpoint


@dataclass
class Api:
    """What the server has, what it was asked, and the answers that it gives instead of pages."""

    port: int = 0
    records: list[Any] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    # Answers to give before pages, first one first.
    instead: list[Response] = field(default_factory=list)
    # How many records of the page before come once more on each page.
    overlap: int = 0

    def endpoint(self, **words: Any) -> Endpoint:
        """The server as an Airflow connection describes it."""
        given = {
            "connection_id": "bank", "kind": "http", "host": "http://127.0.0.1",
            "port": self.port, "login": None, "password": None, "schema": None,
            "extra": {"trueup_source": True},
        }  # fmt: skip
        return Endpoint(**(given | words))

    def answer(self, request: Request) -> Response:
        """A page by cursor or by offset."""
        self.asked.append(dict(request.query_params))
        self.headers.append(dict(request.headers))
        if self.instead:
            return self.instead.pop(0)
        asked = request.query_params
        size = int(asked["limit"])
        start = int(asked.get("cursor") or asked.get("offset") or 0)
        first = max(start - self.overlap, 0)
        page = {"data": self.records[first : start + size]}
        if "offset" in asked:
            return JSONResponse({"data": self.records[start : start + size]})
        if start + size < len(self.records):
            page["next_cursor"] = str(start + size)
        return JSONResponse(page)


@contextmanager
def served(app: FastAPI) -> Iterator[int]:
    """Serve an application on a free port of this machine, and give the port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def serving() -> Iterator[Api]:
    """An API that serves until the test is over."""
    api = Api()
    app = FastAPI()
    app.get("/entries")(api.answer)
    with served(app) as api.port:
        yield api
