"""One contract, and what becomes of a reply to it: accepted with its changes, to be asked again, or ended."""

from dataclasses import dataclass
from typing import Any

from adapter.domain.model import FinishReason, Reply
from adapter.domain.usage import Usage
from adapter.errors import JobFailure
from adapter.pipeline.check_output import check_output
from adapter.pipeline.parse import ReplyInvalid, parse_reply
from adapter.tasks.contract import contract_from_schema
from adapter.tasks.strict_schema import strictify

CONTRACT = contract_from_schema(
    {
        "type": "object",
        "properties": {
            "customer": {"type": "string", "minLength": 1},
            "priority": {"enum": ["LOW", "MEDIUM", "HIGH"]},
            "amount": {"type": "number"},
            "count": {"type": "integer"},
            "note": {"type": "string"},
            "lines": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"text": {"type": "string"}, "price": {"type": "number"}},
                    "required": ["text", "price"],
                    "additionalProperties": False,
                },
            },
        },
        "required": ["customer", "priority", "amount", "count", "lines"],
        "additionalProperties": False,
    }
)
STRICT = strictify(CONTRACT.schema)

GOOD = (
    '{"customer": "Meyer", "priority": "LOW", "amount": "12.50", "count": 3, "note": null, '
    '"lines": [{"text": "Bolt", "price": "10.00"}, {"text": "Nut", "price": "2.50"}]}'
)


def reply_of(text: str | None, finish_reason: FinishReason = FinishReason.STOP, **fields: Any) -> Reply:
    """Make a reply."""
    return Reply(text, finish_reason, Usage(), **fields)


@dataclass(frozen=True)
class Fate:
    """accepted | asked again | the reason that ended it; rules broken as (pointer, rule)."""

    what: str
    document: Any = None
    changes: tuple[str, ...] = ()
    rules: frozenset[tuple[str, str]] = frozenset()


def fate_of(reply: Reply) -> Fate:
    """Parse and check a reply."""
    try:
        parsed = parse_reply(reply, CONTRACT, STRICT)
        violations = check_output(parsed.document, CONTRACT)
    except ReplyInvalid as exc:
        violations = exc.violations
    except JobFailure as exc:
        return Fate(exc.reason)
    if violations:
        return Fate("asked again", rules=frozenset((one.pointer, one.rule) for one in violations))
    return Fate("accepted", parsed.document, tuple(change.rule for change in parsed.changes))
