"""Text that others wrote, made fit for a protobuf string: valid Unicode, and no longer than there is room."""


def foreign_text(text: str) -> str:
    """Return the text with what is not Unicode (bytes smuggled in as lone surrogates) shown escaped."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def cut(text: str, limit: int) -> str:
    """Return the text in at most `limit` UTF-8 bytes; a longer one ends with how many bytes were cut."""
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    # The note is as long as the number in it, which is never longer than the whole length.
    room = limit - len(_more(len(encoded)).encode())
    kept = encoded[: max(0, room)].decode(errors="ignore")
    return kept + _more(len(encoded) - len(kept.encode()))


def _more(count: int) -> str:
    return f" … {count} more"
