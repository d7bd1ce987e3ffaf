"""A private RabbitMQ that speaks TLS, and takes certificates instead of passwords."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.kit.certificates import Pair
from tests.kit.rabbitmq import private_broker_module

if TYPE_CHECKING:
    from deploy.rabbitmq.private_broker import PrivateBroker

_ADVANCED = """\
[{{rabbit, [
  {{ssl_listeners, [{{"127.0.0.1", {port}}}]}},
  {{ssl_options, [{{cacertfile, "{ca}"}}, {{certfile, "{certificate}"}}, {{keyfile, "{key}"}},
                 {{verify, verify_peer}}, {{fail_if_no_peer_cert, false}}]}},
  {{ssl_cert_login_from, common_name}},
  {{auth_mechanisms, ['PLAIN', 'EXTERNAL']}}]}}].
"""


class TlsBroker:
    """A node with a second port, of TLS."""

    def __init__(self, folder: Path, ca: Path, shown: Pair) -> None:
        module: Any = private_broker_module()
        self.tls_port: int = module.free_port()
        self.node: PrivateBroker = module.PrivateBroker(folder, plugins=("rabbitmq_auth_mechanism_ssl",))
        text = _ADVANCED.format(port=self.tls_port, ca=ca, certificate=shown.certificate, key=shown.key)
        (folder / "no-advanced.config").write_text(text)

    def url(self, user: str, password: str, host: str = "localhost") -> str:
        """AMQP URL of the TLS port."""
        return f"amqps://{user}:{password}@{host}:{self.tls_port}/%2F"

    def add_user(self, name: str, password: str) -> None:
        """Add a user who may do everything."""
        self.node.ctl("add_user", name, password)
        self.node.ctl("set_permissions", name, ".*", ".*", ".*")
