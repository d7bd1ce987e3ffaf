"""Which of a provider's words may be repeated: none that came from the prompt, and no key."""

import re

_LONGEST = 240
_SHARED = 12
_SEARCHED = 200_000
_SECRET = re.compile(r"\b(?:sk|pk|key|gsk|xai|AIza)[-_][A-Za-z0-9*_.-]{4,}|Bearer\s+\S+|\S*\*{3,}\S*", re.IGNORECASE)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")


def quotable(words: str, private: tuple[str, ...]) -> str:
    """Return a provider's message fit to be shown, in one line and shortened; "" when it repeats a private text."""
    line = " ".join(_SECRET.sub("…", words).split())[:_LONGEST]
    if not line or sum(map(len, private)) > _SEARCHED:
        return ""
    folded = [" ".join(text.casefold().split()) for text in private if text]
    line = _QUOTED.sub(lambda found: _unless_shared(found[0], folded), line)
    parts = line.casefold()
    if any(_shares(parts, text) for text in folded):
        return ""
    return line


def _unless_shared(quoted: str, private: list[str]) -> str:
    inner = quoted[1:-1].casefold().strip()
    return "'…'" if inner and any(inner in text for text in private) else quoted


def _shares(line: str, text: str) -> bool:
    """Tell whether a dozen characters of the line stand in the text, or the whole text in the line."""
    if len(text) < _SHARED:
        return text in line
    return any(line[at : at + _SHARED] in text for at in range(len(line) - _SHARED + 1))
