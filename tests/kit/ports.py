"""Ports that stay one's own while nobody listens on them: outgoing connections take theirs from another range."""

import contextlib
import os
import secrets
import socket
from pathlib import Path

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_USUAL_FIRST, _LOWEST = 32768, 15000
_given: set[int] = set()  # a cluster's ports are all drawn before the first of them is listened on


def lasting_port() -> int:
    """Return a free TCP port of the loopback, for a server that is restarted while its clients try to reach it.

    A client that tries a closed port of the kernel's range may be given that very port, and is connected to itself.
    Nobody listens on it yet: none is given twice, and each of several test processes (pytest-xdist) has its own part.
    """
    first = int(_RANGE.read_text().split()[0]) if _RANGE.exists() else _USUAL_FIRST
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    count = max(first - _LOWEST, 1000) // workers
    while True:
        # Not from `random`, which begins alike in every test and test process.
        port = _LOWEST + number % workers * count + secrets.randbelow(count)
        if port in _given:
            continue
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            _given.add(port)
            return port
