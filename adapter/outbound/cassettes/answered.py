"""What came back, as it is written down: a reply, or the refusal of this one request."""

from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from adapter.domain.model import FinishReason, Reply
from adapter.domain.usage import Usage
from adapter.errors import CallFiltered, CallRejected, CallTooLong
from adapter.outbound.cassettes.redaction import Redaction
from adapter.outbound.cassettes.yaml_text import dump
from adapter.tasks.located_yaml import parse_located
from adapter.tasks.problem import TaskProblems

_REFUSALS: dict[str, type[CallRejected]] = {"too_long": CallTooLong, "filtered": CallFiltered, "rejected": CallRejected}


class UnusableRecording(Exception):
    """A file that was recorded cannot be read; the message says where and why."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RecordedUsage(_Section):
    """Tokens as billed."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cost: Decimal | None = None
    currency: str = ""


class RecordedReply(_Section):
    """A reply."""

    text: str | None
    finish_reason: FinishReason = FinishReason.STOP
    served_model: str = ""
    system_fingerprint: str = ""
    refusal: str = ""
    mode: str = "json_schema"
    unsent_parameters: tuple[str, ...] = ()
    simulated_review: bool = False
    usage: RecordedUsage = Field(default_factory=RecordedUsage)


class RecordedRefusal(_Section):
    """A request that the endpoint did not take, and would not take again."""

    kind: Literal["rejected", "too_long", "filtered"]
    message: str
    status: int | None = None


class Answered(_Section):
    """One file without its request: exactly one of the two."""

    reply: RecordedReply | None = None
    error: RecordedRefusal | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Answered":
        if (self.reply is None) == (self.error is None):
            raise ValueError("give either reply or error")
        return self

    @classmethod
    def read(cls, content: bytes, name: str) -> "Answered":
        """Read a file. Raises UnusableRecording."""
        try:
            value = parse_located(content, name).value
            answered = (
                {key: below for key, below in value.items() if key != "request"} if isinstance(value, dict) else {}
            )
            return cls.model_validate(answered)
        except TaskProblems as exc:
            raise UnusableRecording(f"Correct the recording, or make it again: {exc}") from exc
        except ValidationError as exc:
            wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in exc.errors())
            raise UnusableRecording(f"Correct the recording, or make it again: {name}: {wrong}") from exc

    @classmethod
    def of_reply(cls, reply: Reply, redaction: Redaction) -> "Answered":
        """Write a reply down."""
        usage = reply.usage
        return cls(
            reply=RecordedReply(
                text=None if reply.text is None else redaction.hide(reply.text),
                finish_reason=reply.finish_reason,
                served_model=reply.served_model,
                system_fingerprint=reply.system_fingerprint,
                refusal=redaction.hide(reply.refusal),
                mode=reply.mode,
                unsent_parameters=reply.unsent_parameters,
                simulated_review=reply.simulated_review,
                usage=RecordedUsage(
                    input_tokens=usage.input_tokens,
                    cached_input_tokens=usage.cached_input_tokens,
                    output_tokens=usage.output_tokens,
                    reasoning_tokens=usage.reasoning_tokens,
                    cost=usage.cost,
                    currency=usage.currency,
                ),
            )
        )

    @classmethod
    def of_refusal(cls, error: CallRejected, redaction: Redaction) -> "Answered":
        """Write the endpoint's refusal of this one request down."""
        kind = next(kind for kind, refusal in _REFUSALS.items() if isinstance(error, refusal))
        return cls(
            error=RecordedRefusal.model_validate(
                {"kind": kind, "message": redaction.hide(error.message), "status": error.status}
            )
        )

    def text(self) -> str:
        """YAML, its one key `reply` or `error`; what is as usual is left out, the text of a reply never."""
        plain: dict[str, Any] = self.model_dump(mode="json", exclude_defaults=True)
        return dump(plain)

    def replayed(self, redaction: Redaction) -> Reply:
        """Return the reply, with the values of the request that asks now. Raises the refusal, if it was one."""
        if self.error is not None:
            raise _REFUSALS[self.error.kind](redaction.show(self.error.message), status=self.error.status)
        reply = self.reply
        if reply is None:
            raise AssertionError("validated: a reply or an error")
        usage = reply.usage
        return Reply(
            text=None if reply.text is None else redaction.show(reply.text),
            finish_reason=reply.finish_reason,
            usage=Usage(
                input_tokens=usage.input_tokens,
                cached_input_tokens=usage.cached_input_tokens,
                output_tokens=usage.output_tokens,
                reasoning_tokens=usage.reasoning_tokens,
                model_calls=1,
                cost=usage.cost,
                currency=usage.currency,
            ),
            served_model=reply.served_model,
            system_fingerprint=reply.system_fingerprint,
            refusal=redaction.show(reply.refusal),
            mode=reply.mode,
            unsent_parameters=reply.unsent_parameters,
            simulated_review=reply.simulated_review,
        )
