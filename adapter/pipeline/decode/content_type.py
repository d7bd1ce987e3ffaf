"""Content type to format: what the sender says, else what the task assumes."""

import re
from dataclasses import dataclass

from adapter.errors import PayloadUnreadable
from adapter.tasks.input_formats import InputFormats

_FORMATS = {
    "application/json": "json",
    "text/json": "json",
    "application/xml": "xml",
    "text/xml": "xml",
    "application/soap+xml": "xml",
    "text/csv": "csv",
    "application/csv": "csv",
    "text/tab-separated-values": "csv",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/x-java-properties": "properties",
    "text/x-properties": "properties",
    "application/x-java-properties": "properties",
    "text/x-fixed-width": "fixed-width",
    "application/x-fixed-width": "fixed-width",
    "text/markdown": "text",
}
_SUFFIXES = {"+json": "json", "+xml": "xml"}
# Defaults of senders that were not told anything (Spring's among them): they say nothing.
_SAYS_NOTHING = {"", "application/octet-stream", "text/plain"}
# One type for each format, to name in a message.
_EXAMPLES = {
    "json": "application/json",
    "xml": "text/xml",
    "csv": "text/csv",
    "fixed-width": "text/x-fixed-width",
    "properties": "text/x-java-properties",
    "text": "text/markdown",
    "html": "text/html",
}
_CHARSET = re.compile(r""";\s*charset\s*=\s*(?:"([^"]{0,80})"|'([^']{0,80})'|([^\s;"']{0,80}))""", re.IGNORECASE)
_MAX_LENGTH = 500
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class ContentType:
    """Type and subtype in lower case, and the charset parameter ("" = none)."""

    name: str
    charset: str

    @staticmethod
    def parse(text: str) -> "ContentType":
        """Take a content type as it was sent. Raises PayloadUnreadable when it is absurdly long."""
        if len(text) > _MAX_LENGTH:
            raise PayloadUnreadable(f"The content type has more than {_MAX_LENGTH} characters. Send type/subtype.")
        match = _CHARSET.search(text)
        charset = next((group for group in match.groups() if group), "") if match else ""
        return ContentType(text.partition(";")[0].strip().lower(), charset)


def format_of(content_type: ContentType, formats: InputFormats, assume: str) -> str:
    """Name of the accepted format that the payload is in. Raises PayloadUnreadable naming the accepted types."""
    accepted = formats.names
    name = content_type.name
    if name in _SAYS_NOTHING:
        if assume or len(accepted) == 1:
            return assume or accepted[0]
        raise PayloadUnreadable(f"The payload has no content type that says its format. {_advice(accepted)}")
    found = _FORMATS.get(name) or next((kind for suffix, kind in _SUFFIXES.items() if name.endswith(suffix)), "")
    if name == "application/xhtml+xml" and "html" not in accepted:
        found = "xml"
    if found not in accepted:
        shown = "".join(letter for letter in name[:_SHOWN] if letter.isprintable())
        raise PayloadUnreadable(
            f'The content type "{shown}" is not accepted by this task. {_advice(accepted)}',
            metadata={"content_type": shown},
        )
    return found


def _advice(accepted: tuple[str, ...]) -> str:
    return f"Send one of: {', '.join(f'{_EXAMPLES[name]} ({name})' for name in accepted)}."
