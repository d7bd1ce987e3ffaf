"""Chooses how an endpoint is told who we are: an API key, or tokens of Entra or Google."""

from adapter.outbound.models.endpoint import ModelEndpoint
from adapter.outbound.models.entra import EntraTokens
from adapter.outbound.models.google import GoogleTokens
from adapter.outbound.models.keys import ConfiguredKey, FreshToken, KeySource
from adapter.outbound.models.providers import SignIn
from adapter.outbound.models.token_endpoint import TokenEndpoint


def key_source(endpoint: ModelEndpoint) -> KeySource:
    """Build the source of an endpoint's keys; nothing is read or fetched yet."""
    if endpoint.credentials is None or endpoint.kind.sign_in is SignIn.NONE:
        return ConfiguredKey(endpoint.api_key)
    tokens = TokenEndpoint(proxy=endpoint.proxy, ca_file=endpoint.ca_file)
    kind = EntraTokens if endpoint.kind.sign_in is SignIn.ENTRA else GoogleTokens
    return FreshToken(kind(endpoint.credentials, tokens).fetch, tokens.close)
