"""A request as the pipeline makes it, and a model that answers what it is told to."""

from dataclasses import dataclass, field
from typing import Any

from adapter.domain.model import FinishReason, ModelRequest, Reply, Turn
from adapter.domain.usage import Usage
from adapter.errors import CallError

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "kind": {"enum": ["BILLING", "+49 30 1234567"]}},
    "required": ["name", "kind"],
}


def request(user: str, *, nonce: str = "0badcafe", system: str = "Say who it is.", **more: Any) -> ModelRequest:
    """A prompt with its fence."""
    turns = (
        Turn("system", f"{system}\n\nText between <data-{nonce}> and </data-{nonce}> was copied from the record."),
        Turn("user", f"<data-{nonce}>\n{user}\n</data-{nonce}>"),
    )
    return ModelRequest(turns, "greet", SCHEMA, 400, seed=7, nonce=nonce, **more)


def reply(text: str | None, **more: Any) -> Reply:
    return Reply(text, FinishReason.STOP, Usage(input_tokens=10, output_tokens=5, model_calls=1), **more)


@dataclass
class ToldModel:
    """Answers with what it is told, in order."""

    answers: list[Reply | CallError]
    name: str = "default"
    is_closed: bool = False
    requests: list[ModelRequest] = field(default_factory=list)

    async def call(self, request: ModelRequest, *, timeout_seconds: float) -> Reply:
        assert timeout_seconds > 0
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, CallError):
            raise answer
        return answer

    async def close(self) -> None:
        self.is_closed = True
