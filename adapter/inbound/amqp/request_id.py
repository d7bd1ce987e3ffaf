"""message_id as the idempotency key: its form, and what is done when it is missing."""

import hashlib
import uuid

from adapter.domain.message import ParkReason
from adapter.errors import InvalidRequest

MAX_BYTES = 200
_DERIVED = uuid.UUID("6e1c1a52-41a5-5c0b-9b0f-6d0c6f4d5a11")


def check_message_id(message_id: str) -> None:
    """Raise InvalidRequest unless it is at most 200 bytes of printable ASCII."""
    if len(message_id) > MAX_BYTES or not message_id.isascii() or not message_id.isprintable():
        raise InvalidRequest(
            f"The property message_id is not printable ASCII of at most {MAX_BYTES} bytes. Send a UUID, for example.",
            metadata={"field": "message_id"},
        )


def derived_request_id(client: str, task: str, correlation_id: str, content: bytes) -> str:
    """Make the same id for the same client, task, correlation id and payload."""
    digest = hashlib.sha256(content).hexdigest()
    parts = "\n".join(f"{len(part)}:{part}" for part in (client, task, correlation_id, digest))
    # A property may hold bytes that are no UTF-8.
    return str(uuid.uuid5(_DERIVED, parts.encode(errors="backslashreplace").decode()))


MISSING_DETAIL = (
    "The message has no message_id, and amqp.missing_message_id is park. "
    "Set message_id at the sender (Spring: setCreateMessageIds), or change the setting; then replay."
)
MISSING_REASON = ParkReason.MISSING_MESSAGE_ID.value
