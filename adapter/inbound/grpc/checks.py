"""Rules that the fields of a request obey; every broken one is collected, to name them all at once."""

from collections.abc import Mapping

from adapter.errors import InvalidRequest, Violation

MAX_ID_BYTES = 200
MAX_LABELS = 32
MAX_LABEL_KEY_BYTES = 64
MAX_LABEL_VALUE_BYTES = 256
# AMQP holds a name, a routing key and a correlation id in at most so many bytes.
MAX_SHORT_BYTES = 255


class Checks:
    """The broken rules of one request."""

    def __init__(self) -> None:
        self._violations: list[Violation] = []

    def broken(self, field: str, rule: str, message: str) -> None:
        """Note that a field breaks a rule; the message continues "The field …"."""
        self._violations.append(Violation(field, rule, message))

    def required(self, field: str, *, present: bool) -> None:
        """Require that the field is there."""
        if not present:
            self.broken(field, "required", "is required")

    def short(self, field: str, text: str, limit: int = MAX_SHORT_BYTES) -> None:
        """Require that a text has at most so many bytes of UTF-8."""
        if len(text.encode()) > limit:
            self.broken(field, "max_bytes", f"must have at most {limit} bytes")

    def identifier(self, field: str, text: str) -> None:
        """Require an id: printable ASCII, not empty, not long."""
        if not (0 < len(text) <= MAX_ID_BYTES and text.isascii() and text.isprintable()):
            self.broken(field, "printable_ascii", f"must be 1 to {MAX_ID_BYTES} bytes of printable ASCII")

    def labels(self, field: str, labels: Mapping[str, str]) -> None:
        """Require few and short labels."""
        if len(labels) > MAX_LABELS:
            self.broken(field, "max_entries", f"must have at most {MAX_LABELS} entries")
        if any(not 0 < len(key.encode()) <= MAX_LABEL_KEY_BYTES for key in labels):
            self.broken(field, "key_bytes", f"must have keys of 1 to {MAX_LABEL_KEY_BYTES} bytes")
        if any(len(value.encode()) > MAX_LABEL_VALUE_BYTES for value in labels.values()):
            self.broken(field, "value_bytes", f"must have values of at most {MAX_LABEL_VALUE_BYTES} bytes")

    def finish(self) -> None:
        """Raise InvalidRequest if any rule is broken."""
        if not self._violations:
            return
        first, *others = self._violations
        more = f" (… {len(others)} more)" if others else ""
        message = f"The field {first.pointer} {first.message}{more}. Correct it and send the request again."
        raise InvalidRequest(message, violations=self._violations, metadata={"field": first.pointer})
