"""The body of a chat completion, written whole: what the profile cannot take is left out and named."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapter.domain import exact_json
from adapter.domain.model import ModelRequest
from adapter.outbound.models.profiles import Profile


@dataclass(frozen=True, slots=True)
class RequestBody:
    """JSON bytes, and the parameters of the request that they lack or bend."""

    content: bytes
    unsent_parameters: tuple[str, ...]


def write_body(request: ModelRequest, model: str, profile: Profile, extra: Mapping[str, Any]) -> RequestBody:
    """Write a request for a strict document, not streamed; `extra` is laid over it."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": turn.role, "content": turn.content} for turn in request.turns],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": request.schema_name, "schema": request.schema, "strict": True},
        },
        profile.output_cap: request.max_output_tokens + profile.headroom.get(request.reasoning, 0),
    }
    unsent = [*_tune(body, request, profile), *_set_effort(body, request, profile)]
    body.update(extra)
    return RequestBody(exact_json.dumps(body), tuple(unsent))


def _tune(body: dict[str, Any], request: ModelRequest, profile: Profile) -> list[str]:
    wanted = {"temperature": request.temperature, "seed": request.seed}
    asked = {name: value for name, value in wanted.items() if value is not None}
    body.update({name: value for name, value in asked.items() if name not in profile.unsendable})
    return [name for name in asked if name in profile.unsendable]


def _set_effort(body: dict[str, Any], request: ModelRequest, profile: Profile) -> list[str]:
    """Send the nearest effort there is; one that is not the one asked for is named."""
    if profile.efforts is None:
        return [] if request.reasoning == "none" else ["reasoning"]
    effort = profile.efforts.get(request.reasoning, request.reasoning)
    if not effort:
        return []
    body.update({"reasoning": {"effort": effort}} if profile.nests_effort else {"reasoning_effort": effort})
    return [] if effort == request.reasoning else ["reasoning"]


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one extra body over another; objects in both are merged, so that neither loses what the other adds."""
    result = dict(under)
    for key, value in over.items():
        below = result.get(key)
        result[key] = merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return result
