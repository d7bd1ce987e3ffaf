"""No secret stands in the repr of anything that holds one."""

import ssl

from adapter.broker.link import Link, LinkSettings
from adapter.domain.credentials import Credentials, PeerCertificate
from adapter.settings import Settings
from tests.kit.secrets import MARK, made_up


def test_settings_show_no_secret() -> None:
    settings = Settings.model_validate(
        {
            "amqp": {"urls": [f"amqps://crm:{made_up()}@broker:5671/"]},
            "models": {
                "default": {
                    "provider": "openai",
                    "model": "m",
                    "api_key": made_up(),
                    "proxy": f"http://user:{made_up()}@proxy:3128",
                    "headers": {"x-key": made_up()},
                }
            },
        }
    )

    assert MARK not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"


def test_a_link_shows_no_password() -> None:
    settings = LinkSettings([f"amqps://crm:{made_up()}@broker:5671/"], ssl.create_default_context)
    link = Link(settings, "consume")

    assert MARK not in f"{settings!r} {link!r} {link.problem} {link.user}"


def test_credentials_show_neither_secret_nor_certificate() -> None:
    assert MARK not in repr(Credentials(made_up(), PeerCertificate(made_up().encode())))
