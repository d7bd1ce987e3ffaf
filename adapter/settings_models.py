"""Which keys of a configured model belong to which provider: what is missing, and what is not for it."""

from collections.abc import Iterator, Mapping

_WITH_KEY = frozenset({"openai", "openrouter", "xai", "gemini"})
_ONLY_OF: Mapping[str, frozenset[str]] = {
    "deployment": frozenset({"azure"}),
    "api_version": frozenset({"azure"}),
    "project": frozenset({"vertex"}),
    "location": frozenset({"vertex"}),
    "credentials": frozenset({"azure", "vertex"}),
}


def model_problems(provider: str, given: Mapping[str, object]) -> Iterator[str]:
    """Yield what is wrong with a model's keys; `given` holds those that are set."""
    for key in given:
        if key in _ONLY_OF and provider not in _ONLY_OF[key]:
            yield f"{key}: is a key of {' and '.join(sorted(_ONLY_OF[key]))}; remove it"
    if provider == "simulated":
        return
    if "model" not in given and not (provider == "azure" and "deployment" in given):
        yield "model: the id of the model at the endpoint is missing"
    yield from _address(provider, given)
    yield from _identity(provider, given)


def _address(provider: str, given: Mapping[str, object]) -> Iterator[str]:
    if provider == "compatible" and "base_url" not in given:
        yield "base_url: the address of the endpoint is missing"
    if provider == "azure" and "base_url" not in given:
        yield "base_url: the address of the resource is missing, such as https://NAME.openai.azure.com"
    if provider == "vertex" and "project" not in given and "base_url" not in given:
        yield "project: the id of the Google Cloud project is missing"


def _identity(provider: str, given: Mapping[str, object]) -> Iterator[str]:
    if provider in _WITH_KEY and "api_key" not in given:
        yield f'api_key: is missing; write "${{{provider.upper()}_API_KEY}}" or file:/run/secrets/…'
    if provider == "azure" and ("api_key" in given) == ("credentials" in given):
        yield "api_key: give either api_key or credentials (`default`, or file:… with the JSON of an identity)"
    if provider == "vertex" and "api_key" in given:
        yield "api_key: vertex takes no key; leave it out, and give credentials unless the machine has an identity"
