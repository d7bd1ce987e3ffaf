"""A golden case: a payload, and what must come of it. The simulated model answers a known payload with its case."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from adapter.domain.job import Verdict
from adapter.domain.payload import Payload
from adapter.errors import concrete_errors

Match = Literal["subset", "exact"]


@dataclass(frozen=True, slots=True)
class Case:
    """One case as read. None or "" = not said. Values of documents are those of exact_json."""

    name: str
    payload: bytes
    content_type: str = ""
    expect_output: Any = None
    expect_match: Match = "subset"
    expect_verdict: Verdict | None = None
    expect_reason: str = ""
    reply: Any = None
    """What the simulated model answers: a text goes out as it is, anything else is a document of the contract."""
    tags: tuple[str, ...] = ()

    @property
    def legacy_payload(self) -> Payload:
        """The payload as a caller would send it."""
        return Payload(content=self.payload, content_type=self.content_type)

    @property
    def answer(self) -> Any:
        """What a model would have to reply: the reply, else the expected output; None = the case does not say."""
        return self.expect_output if self.reply is None else self.reply


class ExpectFile(BaseModel):
    """The key `expect` of a case file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    output: Any = None
    match: Match = "subset"
    verdict: Verdict | None = None
    reason: str = ""

    @field_validator("reason")
    @classmethod
    def _is_known(cls, reason: str) -> str:
        known = sorted(error.reason for error in concrete_errors())
        if reason and reason not in known:
            raise ValueError(f"no such reason; known are {', '.join(known)}")
        return reason

    @model_validator(mode="after")
    def _asserts_something(self) -> Self:
        if self.output is None and self.verdict is None and not self.reason:
            raise ValueError("say what is expected: an output, a verdict or a reason")
        if self.reason and (self.output is not None or self.verdict is not None):
            raise ValueError("a case that ends with a reason has neither output nor verdict")
        return self


class CaseFile(BaseModel):
    """All of one file under cases/."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    payload_file: str | None = None
    """Relative to the case file."""
    payload: str | None = None
    """Inline text, sent in the charset of content_type (UTF-8 if it says none)."""
    content_type: str = ""
    expect: ExpectFile
    reply: Any = None
    tags: tuple[str, ...] = Field(default=(), max_length=20)

    @model_validator(mode="after")
    def _has_one_payload(self) -> Self:
        if (self.payload_file is None) == (self.payload is None):
            raise ValueError("give either payload_file or payload (inline text)")
        return self


def differences(expected: Any, actual: Any, match: Match, pointer: str = "") -> Iterator[str]:
    """Where a document is not what a case expects, as "pointer: why"; nothing = it is.

    subset: objects may have more keys than expected, at every depth; lists are compared item by item in both.
    Numbers are compared by value (1.50 is 1.5), true is not 1, and keys have no order.
    """
    if isinstance(expected, dict) and isinstance(actual, dict):
        yield from _object_differences(expected, actual, match, pointer)
    elif isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            yield f"{pointer or '/'}: {len(expected)} items expected, {len(actual)} found"
        for index, (want, have) in enumerate(zip(expected, actual, strict=False)):
            yield from differences(want, have, match, f"{pointer}/{index}")
    elif isinstance(expected, bool) is not isinstance(actual, bool) or expected != actual:
        yield f"{pointer or '/'}: {expected!r} expected, {actual!r} found"


def _object_differences(expected: dict[str, Any], actual: dict[str, Any], match: Match, pointer: str) -> Iterator[str]:
    for key, want in expected.items():
        place = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
        if key in actual:
            yield from differences(want, actual[key], match, place)
        else:
            yield f"{place}: missing"
    if match == "exact":
        yield from (f"{pointer}/{key}: not expected" for key in actual if key not in expected)
