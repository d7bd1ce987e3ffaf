"""Where a configured model is, and what its calls carry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapter.domain.usage import Price
from adapter.outbound.models.providers import PROVIDERS, Provider


class UnknownProvider(ValueError):
    """Nothing is known of the provider."""


@dataclass(frozen=True, slots=True)
class ModelEndpoint:
    """One entry of `models`. Secrets are kept out of its repr."""

    name: str
    """As configured and shown."""
    model: str
    """As the provider calls it; of azure the model behind the deployment, which decides what parameters it takes."""
    provider: str = "openai"
    """One of PROVIDERS."""
    base_url: str = ""
    """Up to and with /v1, of azure the resource; "" = the provider's."""
    deployment: str = ""
    """Of azure; "" = named as the model."""
    api_version: str = ""
    """Of azure: a date = the classic address of a deployment."""
    project: str = ""
    location: str = ""
    """Of vertex; "" = global."""
    api_key: Callable[[], str] | None = field(default=None, repr=False)
    """Read before the first call, and again after a 401."""
    credentials: Callable[[], str] | None = field(default=None, repr=False)
    """Of azure and vertex: `default` (what this machine is given), or the JSON of an identity."""
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
    def kind(self) -> Provider:
        """What kind of endpoint it is. Raises UnknownProvider."""
        if self.provider not in PROVIDERS:
            raise UnknownProvider(f"no provider {self.provider!r}; known are {', '.join(PROVIDERS)}")
        return PROVIDERS[self.provider]

    @property
    def served_as(self) -> str:
        """The model as its calls name it."""
        return self.deployment or self.model
