"""Ports that stay one's own while nobody listens on them: outgoing connections take theirs from another range."""

import secrets
import socket
from pathlib import Path

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_USUAL_FIRST, _LOWEST = 32768, 15000


def lasting_port() -> int:
    """Return a free TCP port of the loopback, for a server that is restarted while its clients try to reach it.

    A client that tries a closed port of the kernel's range may be given that very port, and is connected to itself.
    """
    first = int(_RANGE.read_text().split()[0]) if _RANGE.exists() else _USUAL_FIRST
    while True:
        # Not from `random`, which begins alike in every test and test process.
        port = _LOWEST + secrets.randbelow(max(first - _LOWEST, 1000))
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
