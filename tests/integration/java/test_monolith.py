"""The example monolith, started by its one command, with each line of Spring Boot: REST in, gRPC and queue out."""

import json
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.adapter_process import ROOT, clean_environment
from tests.kit.java import java  # noqa: F401 - a fixture
from tests.kit.rabbitmq import broker  # noqa: F401 - a fixture: skips or fails where there is no RabbitMQ

pytestmark = [pytest.mark.usefixtures("java", "broker"), pytest.mark.timeout(600)]

START = ROOT / "clients" / "java" / "examples" / "monolith" / "start.py"
SAMPLES = ROOT / "examples" / "tasks"
BOOKED_SECONDS = 30


@pytest.fixture(scope="module", params=["2", "3"])
def monolith(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of the monolith that the command starts."""
    errors = tmp_path_factory.mktemp("monolith") / "stderr"
    with errors.open("wb") as stderr:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            [sys.executable, str(START), "--boot", request.param],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=clean_environment(),
        )
    try:
        yield _address(process, errors)
    finally:
        process.send_signal(signal.SIGINT)
        with process:  # closes its pipe
            code = process.wait(60)
    assert code == 0, errors.read_text()


def _address(process: subprocess.Popen[str], errors: Path) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(r"curl (http://127\.0\.0\.1:\d+)/invoices/", line)
        if found:
            return found[1]
    raise AssertionError(errors.read_text())


def call(url: str, body: bytes | None = None, content_type: str = "application/json") -> tuple[int, Any]:
    request = urllib.request.Request(url, body, {"content-type": content_type})  # noqa: S310 - our own loopback address
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_a_ticket_is_classified_while_the_caller_waits(monolith: str) -> None:
    ticket = (SAMPLES / "classify-ticket/samples/01-double-charge.json").read_bytes()

    status, triage = call(f"{monolith}/tickets/118204/triage", ticket)

    assert (status, triage["category"], triage["team"], triage["desk"]) == (200, "BILLING", "ACCOUNTS", "3rd floor")


def test_an_invoice_goes_by_queue_and_is_booked_to_the_cent(monolith: str) -> None:
    mail = (SAMPLES / "extract-invoice/samples/02-windows-1252.txt").read_bytes()

    accepted, _ = call(f"{monolith}/invoices/30817", mail, "text/plain; charset=windows-1252")
    shown = _settled(f"{monolith}/invoices/30817")

    assert accepted == 202
    assert (shown["state"], shown["to_pay"]) == ("BOOKED", 166.48)
    assert shown["record"]["supplier"] == "Schrauben Müller GmbH & Co. KG"


def test_what_cannot_be_read_is_refused_and_never_booked(monolith: str) -> None:
    status, error = call(f"{monolith}/tickets/1/triage", b'{"customer": "4711"}')
    blank = (SAMPLES / "extract-invoice/samples/14-blank.txt").read_bytes()
    call(f"{monolith}/invoices/14", blank, "text/plain")
    shown = _settled(f"{monolith}/invoices/14")

    assert (status, error) == (422, {"reason": "INPUT_INVALID", "fields": ["/subject"]})
    assert (shown["state"], shown["reason"]) == ("REFUSED", "INPUT_INVALID")
    assert "record" not in shown


def _settled(url: str) -> Any:
    """Wait for the listener."""
    deadline = time.monotonic() + BOOKED_SECONDS
    while time.monotonic() < deadline:
        _, shown = call(url)
        if shown["state"] != "PENDING":
            return shown
        time.sleep(0.05)
    raise AssertionError(f"still {shown} after {BOOKED_SECONDS} s")
