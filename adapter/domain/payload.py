"""The legacy record as it arrived: bytes with what the sender said about them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Payload:
    """Bytes after content-encoding, the sender's content type ("" = unsaid) and explicit charset ("" = unsaid)."""

    content: bytes
    content_type: str = ""
    charset: str = ""
