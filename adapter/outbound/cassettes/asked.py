"""What a model is asked, as it is written down: its text is read by people, its key finds the recording."""

import hashlib
from dataclasses import dataclass
from typing import Any

from adapter.domain import exact_json
from adapter.domain.model import ModelRequest
from adapter.outbound.cassettes.redaction import Redaction
from adapter.outbound.cassettes.yaml_text import dump

KEY_CHARACTERS = 16
_SIMULATE = "simulate"


@dataclass(frozen=True, slots=True)
class ModelNames:
    """A configured model, and what its endpoint calls it ("" = simulated)."""

    name: str
    endpoint_model: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request without personal data and without what differs from call to call."""

    task: str
    key: str
    """The same for two requests that ask the same of the same model; also a part of a file name."""
    text: str
    """YAML, its one key `request`."""
    redaction: Redaction

    @classmethod
    def of(cls, request: ModelRequest, model: ModelNames, patterns: tuple[str, ...] = ()) -> "Asked":
        """Write a request down."""
        redaction = Redaction(request, patterns)
        canonical = _canonical(request, model, redaction)
        key = hashlib.sha256(exact_json.dumps(canonical)).hexdigest()[:KEY_CHARACTERS]
        return cls(request.schema_name, key, dump({"request": canonical}), redaction)


def _canonical(request: ModelRequest, model: ModelNames, redaction: Redaction) -> dict[str, Any]:
    asked: dict[str, Any] = {"task": request.schema_name, "model": model.name}
    if model.endpoint_model:
        asked["endpoint_model"] = model.endpoint_model
    asked |= {"max_output_tokens": request.max_output_tokens, "reasoning": request.reasoning}
    if request.seed is not None:
        asked["seed"] = request.seed
    if request.temperature is not None:
        asked["temperature"] = str(request.temperature)
    if request.tags.get(_SIMULATE):
        asked[_SIMULATE] = request.tags[_SIMULATE]
    asked["messages"] = [{"role": turn.role, "content": redaction.hide(turn.content)} for turn in request.turns]
    asked["schema"] = f"{exact_json.dumps_indented(request.schema)}\n"
    return asked
