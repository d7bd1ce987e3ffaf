"""What to ask the broker's owner for: definitions to import, permissions, and the command for one fault."""

import json
import re
import shlex
from typing import Literal

from adapter.broker.wiring import Topology

Form = Literal["definitions", "rabbitmqctl", "permissions"]


def render(topology: Topology, form: Form, *, vhost: str = "/", user: str = "adapter") -> str:
    """Return the topology as text in one of the forms, ready to paste."""
    if form == "definitions":
        return definitions(topology, vhost)
    if form == "permissions":
        return permissions(topology, vhost, user)
    return f"{import_command(topology, vhost)}\n{permissions(topology, vhost, user)}"


def definitions(topology: Topology, vhost: str) -> str:
    """Return a definitions file (JSON) for `rabbitmqctl import_definitions` or the management console."""
    document = {
        "exchanges": [
            {
                "name": exchange.name,
                "vhost": vhost,
                "type": exchange.kind,
                "durable": True,
                "auto_delete": False,
                "internal": False,
                "arguments": dict(exchange.arguments),
            }
            for exchange in topology.exchanges()
        ],
        "queues": [
            {
                "name": queue.name,
                "vhost": vhost,
                "durable": True,
                "auto_delete": False,
                "arguments": dict(queue.arguments),
            }
            for queue in topology.queues()
        ],
        "bindings": [
            {
                "source": binding.exchange,
                "vhost": vhost,
                "destination": binding.queue,
                "destination_type": "queue",
                "routing_key": binding.routing_key,
                "arguments": {},
            }
            for binding in topology.bindings()
        ],
    }
    return json.dumps(document, indent=2)


def import_command(topology: Topology, vhost: str) -> str:
    """Return the shell command that makes every object, self-contained (rabbitmqctl cannot declare single ones)."""
    return f"rabbitmqctl import_definitions <<'END'\n{definitions(topology, vhost)}\nEND"


def import_pipe(vhost: str) -> str:
    """Return the same in one line, for where the adapter is installed beside rabbitmqctl."""
    show = shlex.join(["adapter", "topology", "show", "--as", "definitions", "--vhost", vhost])
    return f"{show} | rabbitmqctl import_definitions"


def permissions(topology: Topology, vhost: str, user: str) -> str:
    """Return the commands that give the adapter's user its rights: for `declare`, and the least for `verify`."""
    prefix = re.escape(topology.prefix)
    reads = rf"^{prefix}\.(requests\..*|dead-letters|unrouted|dlx|probe\..*)$"
    writes = rf"^(amq\.default|{prefix}\.(requests|results|unrouted|dlx|probe\..*))$"
    declares, verifies = (
        (rf"^{prefix}\..*$", rf"^(amq\.default|{prefix}\..*)$", rf"^{prefix}\..*$"),
        (rf"^{prefix}\.probe\..*$", writes, reads),
    )
    return (
        f"# amqp.topology: declare\n{_set_permissions(vhost, user, declares)}\n"
        f"# amqp.topology: verify (the least; the probe queues are exclusive and live for seconds)\n"
        f"{_set_permissions(vhost, user, verifies)}"
    )


def verify_permissions_command(topology: Topology, vhost: str, user: str) -> str:
    """Return the last command of `permissions`."""
    return permissions(topology, vhost, user).splitlines()[-1]


def alternate_exchange_command(topology: Topology, vhost: str) -> str:
    """Return the command that gives the requests exchange its alternate exchange without declaring it anew."""
    pattern = f"^{re.escape(topology.requests_exchange)}$"
    return _set_policy(
        vhost,
        f"{topology.prefix}-unrouted",
        pattern,
        {"alternate-exchange": topology.unrouted_exchange},
        "exchanges",
    )


def dead_letter_command(topology: Topology, vhost: str) -> str:
    """Return the command that gives the request queues their dead letters without declaring them anew."""
    pattern = rf"^{re.escape(topology.prefix)}\.requests\."
    policy = {
        "dead-letter-exchange": topology.dead_letter_exchange,
        "dead-letter-strategy": "at-least-once",
        "overflow": "reject-publish",
    }
    return _set_policy(vhost, f"{topology.prefix}-dead-letters", pattern, policy, "queues")


def _set_policy(vhost: str, name: str, pattern: str, policy: dict[str, str], apply_to: str) -> str:
    return shlex.join(
        ["rabbitmqctl", "set_policy", "-p", vhost, name, pattern, json.dumps(policy), "--apply-to", apply_to]
    )


def _set_permissions(vhost: str, user: str, rights: tuple[str, str, str]) -> str:
    return shlex.join(["rabbitmqctl", "set_permissions", "-p", vhost, user, *rights])
