"""The queue face behind doors: the broker says who sent a request; TLS to the broker, with and without a password."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pika
import pika.exceptions
import pytest
import yaml

from adapter.broker.link import Link, LinkSettings, LinkState
from adapter.broker.tls import client_context
from adapter.operator_errors import ConfigurationError
from tests.integration.security.conftest import TICKET
from tests.kit.adapter_process import AdapterProcess
from tests.kit.callers import GrpcCaller, GrpcFailure, QueueCaller, grpc_failure, new_id
from tests.kit.certificates import Authority
from tests.kit.rabbitmq import FAST, eventually, require_rabbitmq, running
from tests.kit.secrets import digest_of, made_up
from tests.kit.tls_broker import TlsBroker

PASSWORDS = {name: made_up(name) for name in ("svc_adapter", "svc_crm", "svc_billing", "svc_other")}


@dataclass(frozen=True)
class Secured:
    """A broker that speaks TLS, its authority, and an adapter that reaches it so."""

    broker: TlsBroker
    authority: Authority
    process: AdapterProcess
    keys: dict[str, str]

    def queue_caller(self, user: str) -> "contextlib.closing[QueueCaller]":
        """Connect as a user of the broker; in plaintext: what is tested is who sends."""
        url = f"amqp://{user}:{PASSWORDS[user]}@127.0.0.1:{self.broker.node.port}/%2F"
        return contextlib.closing(QueueCaller(url, "adapter").open())

    def grpc_caller(self, client: str) -> "contextlib.closing[GrpcCaller]":
        return contextlib.closing(GrpcCaller(self.process.grpc_target, key=self.keys[client]))


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Give them."""
    require_rabbitmq()
    folder = tmp_path_factory.mktemp("tls-broker")
    authority = Authority(folder)
    node = TlsBroker(folder, authority.file, authority.issue("broker", "localhost"))
    keys = {name: made_up(name) for name in ("crm", "billing", "ops")}
    known: dict[str, dict[str, Any]] = {
        "crm": {"amqp_user": "svc_crm"},
        "billing": {"amqp_user": "svc_billing", "tasks": ["extract-invoice"]},
        "ops": {"role": "operator"},
    }
    entries = [{"name": name, "key_sha256": digest_of(key)} | known[name] for name, key in keys.items()]
    (folder / "keys.yaml").write_text(yaml.safe_dump(entries))
    with node.node:
        for name, password in PASSWORDS.items():
            node.add_user(name, password)
        settings = {
            "amqp": {"urls": [node.url("svc_adapter", PASSWORDS["svc_adapter"])], "tls": {"ca": str(authority.file)}},
            "auth": {"keys": f"file:{folder}/keys.yaml"},
        }
        with AdapterProcess(folder, settings) as process:
            yield Secured(node, authority, process, keys)


def test_a_broker_user_and_a_key_are_one_client(secured: Secured) -> None:
    request_id = new_id()
    with (
        secured.queue_caller("svc_crm") as queue,
        secured.grpc_caller("crm") as crm,
        secured.grpc_caller("ops") as ops,
    ):
        queue.send("classify-ticket", TICKET, message_id=request_id, user_id="svc_crm")
        answer = queue.next_result(of=request_id)
        again = crm.run("classify-ticket", TICKET, request_id=request_id)
        of_another = ops.run("classify-ticket", TICKET, request_id=request_id)

    assert answer.routing_key == "classify-ticket.v1.succeeded.crm"
    assert answer.headers["llm-job-id"] == again.job_id != of_another.job_id
    assert (again.client, answer.body) == ("crm", again.result.content)


def test_a_user_of_nobody_is_the_default_client_whose_jobs_are_not_others(secured: Secured) -> None:
    with (
        secured.queue_caller("svc_other") as queue,
        secured.grpc_caller("crm") as crm,
        secured.grpc_caller("ops") as ops,
    ):
        request_id = queue.send("classify-ticket", TICKET, user_id="svc_other")
        answer = queue.next_result(of=request_id)

        assert answer.routing_key.endswith(".default")
        assert ops.get(str(answer.headers["llm-job-id"])).client == "default"
        with pytest.raises(GrpcFailure, match="JOB_NOT_FOUND"):
            crm.get(request_id=request_id)


def test_nobody_can_send_as_another_user(secured: Secured) -> None:
    with (
        secured.queue_caller("svc_other") as queue,
        pytest.raises(pika.exceptions.ChannelClosedByBroker, match="user_id"),
    ):
        queue.send("classify-ticket", TICKET, user_id="svc_crm")


def test_a_task_of_others_is_denied_by_queue_and_by_grpc(secured: Secured) -> None:
    with secured.queue_caller("svc_billing") as queue, secured.grpc_caller("billing") as billing:
        queue.send("classify-ticket", TICKET, user_id="svc_billing", reply_to=queue.replies)
        answer = queue.next_reply()
        by_grpc = grpc_failure(billing, "classify-ticket", TICKET)

    assert (answer.outcome, answer.reason, by_grpc.reason) == ("failed", "PERMISSION_DENIED", "PERMISSION_DENIED")


# --- TLS to the broker --------------------------------------------------------------------------------


async def problem_of(url: str, ca: Path) -> str:
    """Why a link does not open."""
    link = Link(LinkSettings([url], partial(client_context, ca), **FAST), "consume")
    async with running(link.run()):
        await eventually(lambda: link.state in {LinkState.FAILED, LinkState.OPEN, LinkState.BACKOFF})
        assert link.state is LinkState.FAILED, link.problem
        return link.problem


async def test_a_broker_that_is_not_trusted_or_has_another_name_is_not_talked_to(
    secured: Secured, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "stranger")
    user = ("svc_adapter", PASSWORDS["svc_adapter"])

    untrusted = await problem_of(secured.broker.url(*user), stranger.file)
    misnamed = await problem_of(secured.broker.url(*user, host="127.0.0.1"), secured.authority.file)

    for problem in (untrusted, misnamed):
        assert "Check amqp.tls" in problem
        assert PASSWORDS["svc_adapter"] not in problem


@pytest.mark.parametrize(("external", "state"), [(True, LinkState.OPEN), (False, LinkState.FAILED)])
async def test_the_certificate_is_the_login_where_that_is_asked_for(
    secured: Secured, state: LinkState, *, external: bool
) -> None:
    ours = secured.authority.issue("svc_adapter")
    tls = partial(client_context, secured.authority.file, ours.certificate, ours.key)
    # The password of the URL is wrong: only the certificate lets us in.
    url = secured.broker.url("svc_adapter", made_up("wrong"))
    link = Link(LinkSettings([url], tls, external=external, **FAST), "consume")

    async with running(link.run()):
        await eventually(lambda: link.state in {LinkState.OPEN, LinkState.FAILED})

        assert link.state is state, link.problem


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")

    for name in ("ca.pem", "none.pem"):
        with pytest.raises(ConfigurationError, match=name):
            client_context(tmp_path / name)
