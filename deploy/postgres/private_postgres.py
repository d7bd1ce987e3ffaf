#!/usr/bin/env python3
"""Start a private PostgreSQL beside whatever the machine runs: own port, data and password; any user, also root.

Standard library only, so that it runs before anything is installed. As a script it prints the URL and serves until
it is interrupted; as a module, PrivatePostgres is a context manager.
"""

import argparse
import contextlib
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

START_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 20.0
_POLL_SECONDS = 0.02
_UNPRIVILEGED_USERS = ("postgres", "nobody")
_CONFIG = """\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
password_encryption = md5
max_connections = 200
shared_buffers = 64MB
max_wal_size = 256MB
log_min_messages = warning
fsync = {fsync}
"""
_URL = "postgresql://adapter:{password}@127.0.0.1:{port}/{database}"


class PostgresError(Exception):
    """PostgreSQL is not installed, did not start, or refused a command; the message says what to do."""


def find_programs() -> Path:
    """Return the folder of the newest installed server's programs. Raises PostgresError naming the package."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    on_path = shutil.which("postgres")
    if on_path:
        found.append(Path(on_path).parent)
    if not found:
        message = (
            "PostgreSQL is not installed here. Install it (nothing needs to be configured or started): "
            "apt-get install -y postgresql"
        )
        raise PostgresError(message)
    return max(found, key=lambda folder: [int(number) for number in re.findall(r"\d+", str(folder))])


def free_port() -> int:
    """Return a port of the loopback that is free now, below the range that the system gives to connections."""
    while True:
        port = 15_000 + secrets.randbelow(17_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def server_user() -> pwd.struct_passwd | None:
    """Return who runs the server: PostgreSQL refuses root, which uses another account; None = whoever we are."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in _UNPRIVILEGED_USERS:
        if name in known:
            return known[name]
    raise PostgresError("PostgreSQL does not run as root, and there is neither a user postgres nor nobody.")


class PrivatePostgres:
    """One server. Data outlives crash() and stop_server(); stop() removes everything that was made."""

    def __init__(self, directory: Path | None = None, *, is_durable: bool = True) -> None:
        """Keep data and logs in `directory`, or in a temporary one that stop() removes.

        Durable is what users have; without it the server need not wait for the disk, and survives all but a power cut.
        """
        self._is_durable = is_durable
        self._programs = find_programs()
        self._user = server_user()
        self._is_temporary = directory is None
        self.directory = directory or Path(tempfile.mkdtemp(prefix="postgres-"))
        self._data = self.directory / "data"
        self.port = free_port()
        self._server: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """URL of the database that a new server has."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """URL of a database, with the password."""
        return _URL.format(password=self._password(), port=self.port, database=database)

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
        """Start the server and wait until it takes connections; again after crash() or stop_server(), same data."""
        try:
            if not self._data.exists():
                self._make_cluster()
            self._start_server()
            self._start_guard()
            self._await_ready()
        except BaseException:
            self.stop()
            raise

    def stop_server(self) -> None:
        """Stop the server cleanly, ending every connection; its data stays for start()."""
        self._end_server(signal.SIGINT)

    def crash(self) -> None:
        """End all its processes at once, as a crash does: start() recovers from the log."""
        self._end_server(signal.SIGQUIT)

    def freeze(self) -> None:
        """Stop the server's clock: connections stay open, and nothing is answered until thaw()."""
        for pid in self._pids():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        for pid in self._pids():
            os.kill(pid, signal.SIGCONT)

    def stop(self) -> None:
        """Stop the server and remove the temporary directory. Can be called twice."""
        self.stop_server()
        if self._is_temporary:
            shutil.rmtree(self.directory, ignore_errors=True)

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run a statement with psql and return what it printed, bare. Raises PostgresError."""
        done = self._run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.url_of(database), "-c", statement)
        return done.strip()

    def create_database(self, template: str = "template1") -> str:
        """Make a database with a name of its own and return its URL."""
        name = f"t{secrets.token_hex(6)}"
        self.sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url_of(name)

    def log_tail(self, lines: int = 30) -> str:
        """Return the last lines of the server's log, for error messages."""
        log = self.directory / "server.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""

    def _password(self) -> str:
        return (self.directory / "password").read_text()

    def _make_cluster(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        password = self.directory / "password"
        password.touch(0o600)
        password.write_text(secrets.token_hex(12))
        if self._user is not None:
            for path in (self.directory, password):
                os.chown(path, self._user.pw_uid, self._user.pw_gid)
        self._run(
            "initdb", "--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C.UTF-8", "--username=adapter",
            "--auth=md5", f"--pwfile={password}", f"--pgdata={self._data}",
        )  # fmt: skip

    def _start_server(self) -> None:
        with (self._data / "postgresql.auto.conf").open("w") as config:
            config.write(_CONFIG.format(port=self.port, fsync="on" if self._is_durable else "off"))
        with (self.directory / "server.log").open("ab") as log:
            self._server = subprocess.Popen(  # noqa: S603 - the program was found by find_programs, no shell
                self._command("postgres", "-D", str(self._data)),
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _command(self, program: str, *arguments: str) -> list[str]:
        """Let another program change the user: subprocess would fork for it, which gRPC's threads do not survive."""
        command = [str(self._programs / program), *arguments]
        if self._user is None:
            return command
        return ["setpriv", f"--reuid={self._user.pw_uid}", f"--regid={self._user.pw_gid}", "--clear-groups", *command]

    def _run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 - the program was found by find_programs, no shell
            self._command(program, *arguments),
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_TIMEOUT_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            message = f"{program} failed ({done.returncode}): {done.stderr or done.stdout}\n{self.log_tail()}"
            raise PostgresError(message)
        return done.stdout

    def _pids(self) -> list[int]:
        """Return the server's processes: each is a session of its own, so there is no group to signal."""
        if self._server is None:
            return []
        children = Path(f"/proc/{self._server.pid}/task/{self._server.pid}/children").read_text()
        return [self._server.pid, *(int(pid) for pid in children.split())]

    def _start_guard(self) -> None:
        """Have a shell that ends the server should this process die without stop(): its stdin closes with us."""
        if self._server is None:
            return
        cleanup = f"rm -rf '{self.directory}'" if self._is_temporary else ":"
        script = f"read -r _; kill -QUIT {self._server.pid} 2>/dev/null; sleep 1; {cleanup}"
        self._guard = subprocess.Popen(  # noqa: S603 - a fixed script with our own pid and directory
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

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        last = ""
        while time.monotonic() < deadline and self._server is not None and self._server.poll() is None:
            try:
                self.sql("SELECT 1")
            except PostgresError as error:
                last = str(error)
                time.sleep(_POLL_SECONDS)
            else:
                return
        message = f"PostgreSQL did not take connections on port {self.port}. {last}\n{self.log_tail()}"
        raise PostgresError(message)

    def _end_server(self, sent: signal.Signals) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        self._end_guard()
        server.send_signal(sent)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(STOP_TIMEOUT_SECONDS)
        server.kill()
        server.wait(STOP_TIMEOUT_SECONDS)


def main() -> int:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(description="Start a private PostgreSQL; it ends with this program.")
    parser.add_argument("--directory", type=Path, help="keep data and logs here (default: a temporary directory)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with PrivatePostgres(options.directory) as postgres:
            sys.stdout.write(f"{postgres.url}\n")
            sys.stdout.flush()
            while True:
                signal.pause()
    except KeyboardInterrupt:
        return 0
    except PostgresError as error:
        sys.stderr.write(f"{error}\n")
        return 4


if __name__ == "__main__":
    sys.exit(main())
