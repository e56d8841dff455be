"""A real UDP listener that takes metrics as StatsD sends them."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Listener:
    """Where metrics go, and what arrived: the last value of every gauge by its full name, and all
    its values in order."""

    port: int
    gauges: dict[str, float] = field(default_factory=dict)
    history: dict[str, list[float]] = field(default_factory=dict)


@contextmanager
def listening() -> Iterator[Listener]:
    """A StatsD server's side of the line."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inbox:
        inbox.bind(("127.0.0.1", 0))
        inbox.settimeout(0.2)
        listener = Listener(inbox.getsockname()[1])
        ended = threading.Event()

        def listen() -> None:
            while not ended.is_set():
                try:
                    packet = inbox.recv(65535).decode()
                except TimeoutError:
                    continue
                for line in packet.splitlines():
                    name, _, value = line.partition(":")
                    if value.endswith("|g"):
                        said = float(value.removesuffix("|g"))
                        listener.gauges[name] = said
                        listener.history.setdefault(name, []).append(said)

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        try:
            yield listener
        finally:
            ended.set()
            thread.join()
