"""Builds the example monolith and starts it with a private RabbitMQ and an adapter; Ctrl-C ends everything."""  # noqa: INP001 - a command beside the sources

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]
sys.path[:0] = [str(ROOT / "deploy" / "rabbitmq"), str(ROOT / "examples" / "demo")]

from private_broker import BrokerError, PrivateBroker, free_port  # noqa: E402 - found through the path above
from processes import ChildFailed, child, is_listening, wait_until  # noqa: E402 - as above

BUILD_SECONDS = 600
START_SECONDS = 90
SAMPLES = "examples/tasks"


def build(boot: str) -> Path:
    """Build the monolith with all it needs of this repository. Raises ChildFailed."""
    say(f"building the monolith with Spring Boot {boot}")
    command = ["mvn", "-q", "-B", "-ntp", "-f", str(ROOT / "clients" / "java"), "-DskipTests"]
    command += ["-pl", f"examples/monolith/boot{boot}", "-am", "package"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, timeout=BUILD_SECONDS, check=False)  # noqa: S603 - our own command line
    if done.returncode:
        raise ChildFailed("the build failed, see above; JDK 17 and Maven come with deploy/setup/setup.sh java")
    return HERE / f"boot{boot}" / "target" / "monolith.jar"


@contextlib.contextmanager
def everything(jar: Path, folder: Path) -> Iterator[int]:
    """Run broker, adapter and monolith; gives the monolith's port. Raises ChildFailed, BrokerError."""
    with PrivateBroker() as broker, contextlib.ExitStack() as stack:
        grpc_port, port = free_port(), free_port()
        adapter = {
            "ADAPTER_TASKS": str(ROOT / SAMPLES),
            "ADAPTER_DATABASE__URL": f"sqlite:///{folder}/adapter.db",
            "ADAPTER_GRPC__LISTEN": f"127.0.0.1:{grpc_port}",
            "ADAPTER_HTTP__LISTEN": "127.0.0.1:0",
            "ADAPTER_AMQP": json.dumps({"urls": [broker.url]}),
        }
        serve = [str(ROOT / ".venv" / "bin" / "adapter"), "serve", "--simulated"]
        say("starting RabbitMQ, the adapter with a simulated model, and the monolith")
        log = folder / "adapter.log"
        process = stack.enter_context(child(serve, log, os.environ | adapter))
        wait_until(lambda: is_listening(grpc_port), process, log, seconds=START_SECONDS, what="the adapter")
        monolith = {
            "SERVER_PORT": str(port),
            "LLM_ADAPTER_TARGET": f"127.0.0.1:{grpc_port}",
            # Boot takes the escape of the default virtual host for a name
            "SPRING_RABBITMQ_ADDRESSES": broker.url.removesuffix("/%2F"),
        }
        log = folder / "monolith.log"
        process = stack.enter_context(child(["java", "-jar", str(jar)], log, os.environ | monolith))
        wait_until(lambda: answers(port), process, log, seconds=START_SECONDS, what="the monolith")
        yield port


def answers(port: int) -> bool:
    """True once the monolith answers requests."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def show(port: int, folder: Path) -> None:
    """Print what to try."""
    here = f"http://127.0.0.1:{port}"
    ticket = f"{SAMPLES}/classify-ticket/samples/01-double-charge.json"
    mail = f"{SAMPLES}/extract-invoice/samples/01-one-line.txt"
    sys.stdout.write(
        f"""
A ticket, classified by gRPC while you wait:
  curl -H 'content-type: application/json' --data-binary @{ticket} {here}/tickets/118204/triage
An invoice, sent by queue, and what became of it:
  curl -H 'content-type: text/plain' --data-binary @{mail} {here}/invoices/1042
  curl {here}/invoices/1042
A ticket without a subject:
  curl -H 'content-type: application/json' -d '{{"customer": "4711"}}' {here}/tickets/1/triage

Logs are in {folder}. Ctrl-C ends everything.
"""
    )
    sys.stdout.flush()


def say(text: str) -> None:
    """Tell what happens."""
    sys.stderr.write(f"· {text}\n")


def main() -> int:
    """Build, start, and wait for the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boot", choices=["2", "3"], default="2", help="Spring Boot 2.7 (Java 8) or 3.5")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        jar = build(options.boot)
        with tempfile.TemporaryDirectory(prefix="monolith-") as name, everything(jar, Path(name)) as port:
            show(port, Path(name))
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        return 0
    except (BrokerError, ChildFailed) as error:
        sys.stderr.write(f"{error}\n")
        return 4


if __name__ == "__main__":
    sys.exit(main())
