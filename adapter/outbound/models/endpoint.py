"""Where a configured model is, and what its calls carry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from adapter.domain.usage import Price

OPENAI_BASE_URL = "https://api.openai.com/v1"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class ModelEndpoint:
    """One entry of `models`. Secrets are kept out of its repr."""

    name: str
    """As configured and shown."""
    model: str
    """As the provider calls it."""
    provider: str = "openai"
    """openai or compatible: which parameters it takes (profiles.py)."""
    base_url: str = ""
    """Up to and with /v1; "" = OpenAI's."""
    api_key: Callable[[], str] | None = field(default=None, repr=False)
    """Read before the first call, and again before the call after one that was refused with 401."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    """Laid over the body of each call."""
    simulator: bool = False
    """Tags of requests are shown to this endpoint."""
    price: Price | None = None
    ca_file: Path | None = None
    """Trusted beside the machine's own certificates."""
    proxy: str | None = field(default=None, repr=False)
    """None = as the environment says, and none for an endpoint on this machine."""
    connect_timeout_seconds: float = 30.0

    @property
    def url(self) -> str:
        """Base URL in effect."""
        return self.base_url or OPENAI_BASE_URL

    @property
    def is_on_this_machine(self) -> bool:
        """True for a loopback address."""
        return urlsplit(self.url).hostname in _LOOPBACK
