"""Prints the first of COUNT neighbouring TCP ports that are free: free_ports.py COUNT NAME.

Where the search begins follows from NAME, so that one checkout gets the same ports after a clean
start and two checkouts rarely meet. The range lies below the ports that Linux hands to clients
(32768 and up).
"""

import socket
import sys
from zlib import crc32

LOWEST, HIGHEST, STEP = 20_000, 32_000, 4


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def first_free(count: int, name: str) -> int:
    """Raises SystemExit when no COUNT neighbours are free."""
    slots = range(LOWEST, HIGHEST, STEP)
    start = crc32(name.encode(errors="surrogateescape")) % len(slots)
    for first in [*slots[start:], *slots[:start]]:
        if all(is_free(port) for port in range(first, first + count)):
            return first
    raise SystemExit(f"No {count} free neighbouring ports between {LOWEST} and {HIGHEST}.")


if __name__ == "__main__":
    print(first_free(int(sys.argv[1]), sys.argv[2]))
