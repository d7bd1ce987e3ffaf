#!/usr/bin/env python3
"""Start a private RabbitMQ node beside whatever the machine runs: own ports, data, cookie and epmd; any user.

Standard library only, so that it runs before anything is installed. As a script it prints the URL and serves until
it is interrupted; as a module, PrivateBroker is a context manager.
"""

import argparse
import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

START_TIMEOUT_SECONDS = 90.0
STOP_TIMEOUT_SECONDS = 20.0
CTL_TIMEOUT_SECONDS = 60.0
_POLL_SECONDS = 0.05
_SCRIPT_DIRECTORIES = ("/usr/lib/rabbitmq/bin", "/usr/local/lib/rabbitmq/bin", "/opt/rabbitmq/sbin")
_CONFIG = """\
listeners.tcp.1 = 127.0.0.1:{port}
loopback_users.guest = true
log.console = false
log.file.level = info
disk_free_limit.absolute = 64MB
total_memory_available_override_value = 4GB
"""


class BrokerError(Exception):
    """RabbitMQ is not installed, did not start, or refused a command; the message says what to do."""


@dataclass(frozen=True)
class Server:
    """Where the parts of an installed RabbitMQ are."""

    start_script: Path
    ctl_script: Path
    epmd: Path


def find_server() -> Server:
    """Return the installed RabbitMQ. Raises BrokerError naming the package to install.

    The scripts under sbin insist on root or the rabbitmq user; those under lib/rabbitmq/bin start as anybody.
    """
    for directory in map(Path, _SCRIPT_DIRECTORIES):
        start_script, ctl_script = directory / "rabbitmq-server", directory / "rabbitmqctl"
        epmd = shutil.which("epmd")
        if start_script.exists() and ctl_script.exists() and epmd:
            return Server(start_script, ctl_script, Path(epmd))
    install = "Install it (nothing needs to be configured or started): apt-get install -y rabbitmq-server"
    raise BrokerError(f"RabbitMQ is not installed here. {install}")


def free_port() -> int:
    """Return a port of the loopback that is free now, below the range that the system gives to connections."""
    while True:
        port = 15_000 + secrets.randbelow(17_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


class PrivateBroker:
    """One node. Data outlives kill() and stop_node(); stop() removes everything that was made."""

    def __init__(self, directory: Path | None = None, *, plugins: Sequence[str] = ()) -> None:
        """Keep data and logs in `directory`, or in a temporary one that stop() removes."""
        self._plugins = plugins
        self._server = find_server()
        self._is_temporary = directory is None
        self.directory = directory or Path(tempfile.mkdtemp(prefix="rabbitmq-"))
        self.port = free_port()
        self.node_name = f"private-{secrets.token_hex(4)}@localhost"
        self._environment = self._make_environment()
        self._epmd: subprocess.Popen[bytes] | None = None
        self._node: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """AMQP URL of the default vhost."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}/%2F"

    @property
    def node_pid(self) -> int:
        """Process id of the running node; 0 = none."""
        return self._node.pid if self._node else 0

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it and remove its files."""
        self.stop()

    def start(self) -> None:
        """Start the node and wait until it takes connections; again after kill() or stop_node(), same data."""
        if self._epmd is None:
            self._prepare_files()
            self._epmd = self._start_epmd()
        log = (self.directory / "log" / "startup.log").open("ab")
        with log:
            self._node = subprocess.Popen(  # noqa: S603 - the script was found by find_server, no shell
                [str(self._server.start_script), "-noinput"],
                env=self._environment,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._start_guard()
        try:
            self._await_port()
            self.ctl("await_startup")
        except BaseException:
            self.stop()
            raise

    def stop_node(self) -> None:
        """Stop the node cleanly; its data stays for start()."""
        self._end_node(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the node with SIGKILL; its data stays for start()."""
        self._end_node(signal.SIGKILL)

    def stop_app(self) -> None:
        """Stop the broker inside the running node: every connection is closed by it (320)."""
        self.ctl("stop_app")

    def start_app(self) -> None:
        """Start the broker inside the node again."""
        self.ctl("start_app")
        self._await_port()

    def stop(self) -> None:
        """Stop the node and its epmd, and remove the temporary directory. Can be called twice."""
        self.stop_node()
        if self._epmd is not None:
            self._epmd.terminate()
            self._epmd.wait(STOP_TIMEOUT_SECONDS)
            self._epmd = None
        if self._is_temporary:
            shutil.rmtree(self.directory, ignore_errors=True)

    def ctl(self, *arguments: str, check: bool = True) -> str:
        """Run rabbitmqctl on this node and return what it printed. Raises BrokerError if it failed."""
        done = subprocess.run(  # noqa: S603 - the script was found by find_server, no shell
            [str(self._server.ctl_script), "--quiet", *arguments],
            env=self._environment,
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CTL_TIMEOUT_SECONDS,
            check=False,
        )
        if check and done.returncode != 0:
            message = f"rabbitmqctl {' '.join(arguments)} failed ({done.returncode}): {done.stderr or done.stdout}"
            raise BrokerError(message)
        return done.stdout

    def log_tail(self, lines: int = 30) -> str:
        """Return the last lines of the node's logs, for error messages."""
        texts = [path.read_text(errors="replace") for path in sorted((self.directory / "log").glob("*.log"))]
        return "\n".join(line for text in texts for line in text.splitlines()[-lines:])

    def _make_environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
        here = self.directory
        return kept | {
            "HOME": str(here / "home"),
            "ERL_EPMD_PORT": str(free_port()),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_CRASH_DUMP_SECONDS": "0",
            "RABBITMQ_NODENAME": self.node_name,
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_CONFIG_FILE": str(here / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(here / "no-advanced.config"),
            "RABBITMQ_CONF_ENV_FILE": str(here / "no-env.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(here / "enabled_plugins"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(here / "generated"),
            "RABBITMQ_MNESIA_BASE": str(here / "data"),
            "RABBITMQ_LOG_BASE": str(here / "log"),
            "RABBITMQ_PID_FILE": str(here / "node.pid"),
            # Makes the script exec the node, so that the node is our child, to be signalled and waited for.
            "RABBITMQ_ALLOW_INPUT": "1",
            # Two cores are shared with what is being tested: schedulers that spin would eat them.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none -start_epmd false",
            "RABBITMQ_CTL_ERL_ARGS": "+S 1:1 +sbwt none",
        }

    def _prepare_files(self) -> None:
        for name in ("home", "data", "log", "generated"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        cookie = self.directory / "home" / ".erlang.cookie"
        if not cookie.exists():
            cookie.write_text(secrets.token_hex(16))
            cookie.chmod(0o400)
        (self.directory / "rabbitmq.conf").write_text(_CONFIG.format(port=self.port))
        (self.directory / "enabled_plugins").write_text(f"[{','.join(self._plugins)}].\n")

    def _start_epmd(self) -> subprocess.Popen[bytes]:
        """Start epmd in the foreground: the one that a node starts itself outlives the node."""
        port = self._environment["ERL_EPMD_PORT"]
        return subprocess.Popen(  # noqa: S603 - the program was found by find_server, no shell
            [str(self._server.epmd), "-port", port, "-address", "127.0.0.1"],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _start_guard(self) -> None:
        """Have a shell that ends node and epmd should this process die without stop(): its stdin closes with us."""
        if self._node is None or self._epmd is None:
            return
        cleanup = f"rm -rf '{self.directory}'" if self._is_temporary else ":"
        script = f"read -r _; kill -KILL -{self._node.pid} {self._epmd.pid} 2>/dev/null; sleep 1; {cleanup}"
        self._guard = subprocess.Popen(  # noqa: S603 - a fixed script with our own pids and directory
            ["/bin/sh", "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _end_guard(self) -> None:
        guard, self._guard = self._guard, None
        if guard is not None:
            guard.kill()
            guard.communicate(timeout=STOP_TIMEOUT_SECONDS)

    def _await_port(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while time.monotonic() < deadline and self._is_alive():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(_POLL_SECONDS)
        message = f"RabbitMQ did not open port {self.port}. The end of its logs:\n{self.log_tail()}"
        raise BrokerError(message)

    def _is_alive(self) -> bool:
        return self._node is not None and self._node.poll() is None

    def _end_node(self, sent: signal.Signals) -> None:
        node, self._node = self._node, None
        if node is None:
            return
        self._end_guard()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(node.pid, sent)
        with contextlib.suppress(subprocess.TimeoutExpired):
            node.wait(STOP_TIMEOUT_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(node.pid, signal.SIGKILL)
        node.wait(STOP_TIMEOUT_SECONDS)


def main() -> int:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(description="Start a private RabbitMQ node; it ends with this program.")
    parser.add_argument("--directory", type=Path, help="keep data and logs here (default: a temporary directory)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with PrivateBroker(options.directory) as broker:
            sys.stdout.write(f"{broker.url}\n")
            sys.stdout.flush()
            while True:
                signal.pause()
    except KeyboardInterrupt:
        return 0
    except BrokerError as error:
        sys.stderr.write(f"{error}\n")
        return 4


if __name__ == "__main__":
    sys.exit(main())
