"""Child processes of the demo: started with their logs in files, stopped in every case."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

STOP_SECONDS = 15.0


class ChildFailed(Exception):
    """A child ended before it was ready; the message holds the end of its log."""


@contextlib.contextmanager
def child(command: list[str], log: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in the background; SIGTERM it at the end, and SIGKILL it if that does not help."""
    with log.open("wb") as stream:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            command, stdout=stream, stderr=subprocess.STDOUT, env=dict(environment), start_new_session=True
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until(
    ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, *, seconds: float, what: str
) -> None:
    """Wait until something answers. Raises ChildFailed when its process ended, or the time has passed."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            how = f"did not come up within {seconds:g} s" if process.poll() is None else "ended before it was up"
            raise ChildFailed(f"{what} {how}. The end of its log:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.1)


def is_listening(port: int) -> bool:
    """True when something takes connections there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
