"""A real HTTP server that takes alerts as apprise's json:// sends them, or refuses them."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# What stands in the address and must stand in no log.
SECRET = "token-7f3a9c55d1"


@dataclass
class Target:
    """Somebody who is told: the address for the connection, and what arrived."""

    port: int
    told: list[dict[str, str]] = field(default_factory=list)

    @property
    def address(self) -> str:
        """As apprise writes it, with secrets where services have them: login, path, query."""
        return f"json://oncall:{SECRET}@127.0.0.1:{self.port}/hook/{SECRET}?-key={SECRET}"

    @property
    def subjects(self) -> list[str]:
        """What arrived, by its first line."""
        return [each["title"] for each in self.told]


@contextmanager
def listening(status: int = 200, times: int | None = None) -> Iterator[Target]:
    """A target that answers every alert with a status, or only the first so many alerts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            target.told.append(json.loads(body))
            refused = times is None or len(target.told) <= times
            self.send_response(status if refused else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    target = Target(server.server_port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield target
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
