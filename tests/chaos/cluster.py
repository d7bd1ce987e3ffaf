"""Three RabbitMQ nodes on the loopback that form one cluster: own epmd, cookie, ports and data."""

import secrets
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.kit.ports import lasting_port
from tests.kit.rabbitmq import private_broker_module

if TYPE_CHECKING:
    from deploy.rabbitmq.private_broker import PrivateBroker

    Node = PrivateBroker
else:
    Node = private_broker_module().PrivateBroker

# A broker writes the names of new queues down some seconds after they were declared; killed before, it forgets them.
_WRITE_DOWN = "[dets:sync(T) || T <- dets:all()]."


class ClusterNode(Node):
    """One node of several."""

    def __init__(self, directory: Path, number: int, shared: "_Shared") -> None:
        self._shared = shared
        self._number = number
        super().__init__(directory)
        self.port = lasting_port()

    def _make_environment(self) -> dict[str, str]:
        self.node_name = self._shared.names[self._number]
        ports = {"ERL_EPMD_PORT": str(self._shared.epmd_port), "RABBITMQ_DIST_PORT": str(lasting_port())}
        return super()._make_environment() | ports

    def _prepare_files(self) -> None:
        cookie = self.directory / "home" / ".erlang.cookie"
        cookie.parent.mkdir(parents=True)
        cookie.write_text(self._shared.cookie)
        cookie.chmod(0o400)
        super()._prepare_files()
        # The first waits for nobody; the others join it.
        joined = [] if self._number == 0 else [self._shared.names[0], self.node_name]
        peers = [f"cluster_formation.classic_config.nodes.{n} = {name}" for n, name in enumerate(joined, 1)]
        with (self.directory / "rabbitmq.conf").open("a") as config:
            config.write("\n".join(["cluster_formation.peer_discovery_backend = classic_config", *peers, ""]))

    def _start_epmd(self) -> "subprocess.Popen[bytes]":
        """The first node starts the one that all use."""
        if self._shared.epmd is None:
            self._shared.epmd = super()._start_epmd()
        return self._shared.epmd

    def write_down(self) -> None:
        """Have it write down what was declared."""
        self.ctl("eval", _WRITE_DOWN)


class _Shared:
    """What the nodes have in common."""

    def __init__(self, count: int) -> None:
        mark = secrets.token_hex(3)
        self.names = [f"chaos-{mark}-{number}@localhost" for number in range(count)]
        self.cookie = secrets.token_hex(16)
        self.epmd_port = lasting_port()
        self.epmd: subprocess.Popen[bytes] | None = None


class Cluster:
    """The nodes. A single one is a broker without others."""

    def __init__(self, folder: Path, count: int) -> None:
        """Keep data and logs below the folder."""
        shared = _Shared(count)
        self.nodes = [ClusterNode(folder / f"node-{number}", number, shared) for number in range(count)]

    @property
    def urls(self) -> list[str]:
        """AMQP URLs, one a node."""
        return [node.url for node in self.nodes]

    def start(self) -> None:
        """Start the first, then the others, which join it."""
        self.nodes[0].start()
        with ThreadPoolExecutor() as threads:
            list(threads.map(lambda node: node.start(), self.nodes[1:]))
        seen = self.nodes[0].ctl("eval", "length(rabbit_nodes:all_running()).").strip()
        if int(seen) != len(self.nodes):
            raise RuntimeError(f"{seen} of {len(self.nodes)} nodes found each other\n{self.nodes[-1].log_tail()}")

    def write_down(self) -> None:
        """Have each node write down what was declared."""
        with ThreadPoolExecutor() as threads:
            list(threads.map(ClusterNode.write_down, self.nodes))

    def stop(self) -> None:
        """Stop all; also after a start that failed."""
        with ThreadPoolExecutor() as threads:
            list(threads.map(lambda node: node.stop_node(), reversed(self.nodes)))
        for node in self.nodes:
            node.stop()

    def depths(self) -> dict[str, int]:
        """Messages in each queue, those in somebody's hands too."""
        listed = self.nodes[0].ctl("list_queues", "name", "messages", "--no-table-headers")
        rows: list[list[Any]] = [line.split("\t") for line in listed.splitlines() if "\t" in line]
        return {name: int(count or 0) for name, count in rows}

    def counts(self) -> dict[str, int]:
        """Connections and channels of the whole cluster."""
        return {what: int(self.nodes[0].ctl("eval", question).strip()) for what, question in _COUNTS.items()}


_COUNTS = {
    "connections": "length(rabbit_networking:connections()).",
    "channels": "length(rabbit_channel:list()).",
}
