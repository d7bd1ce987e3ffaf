"""What of a text a model is shown: nothing that a person would not see or that could steer the display."""

import re

_LINE_END = re.compile("\r\n?|[\x85\u2028\u2029\x0b\x0c]")
# Controls but tab and line feed; soft hyphen and other invisible marks; zero-width and directional characters;
# variation selectors and the tag block, in which whole instructions have been hidden; surrogates, which are no text.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff\U0001d173-\U0001d17a]"
)


def seen(text: str) -> str:
    """Text with plain line ends and without what cannot be seen."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSEEN.sub("", _LINE_END.sub("\n", text))


def one_line(text: str) -> str:
    """Text as a name or cell: seen, and on one line."""
    return " ".join(seen(text).split())
