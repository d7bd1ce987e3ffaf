"""What generation draws from: a seeded random source and the words of the user's message."""

import re
from random import Random

_WORD = re.compile(r"[^\W\d_]{3,20}")
_READ_CHARACTERS = 500
_SPARE_WORDS = ("record", "received", "checked", "waiting", "further", "details", "follow", "shortly")
_FULL_DEPTH = 5
_FULL_VALUES = 200


class Draw:
    """One generated document's choices; the same seed and message give the same ones."""

    __slots__ = ("_is_short", "_message", "_words", "made", "random")

    def __init__(self, seed: int, message: str = "", *, is_short: bool = False) -> None:
        """Seed decides everything; the message only lends words; short = take the shortest way everywhere."""
        self.random = Random(seed)  # noqa: S311 - repeatable on purpose, nothing secret
        self.made = 0
        self._is_short = is_short
        self._message = message
        self._words: list[str] | tuple[str, ...] = ()

    @property
    def words(self) -> list[str] | tuple[str, ...]:
        """Plain words from the end of the message, where the record stands."""
        if not self._words:
            self._words = _WORD.findall(self._message[-_READ_CHARACTERS:]) or _SPARE_WORDS
        return self._words

    def phrase(self, shortest: int, longest: int) -> str:
        """Some neighbouring words."""
        count = self.random.randint(shortest, longest)
        start = self.random.randrange(max(1, len(self.words) - count + 1))
        return " ".join(self.words[start : start + count])

    def sentence(self) -> str:
        """Words with a capital and a full stop."""
        phrase = self.phrase(5, 10)
        return f"{phrase[0].upper()}{phrase[1:]}."

    def is_tight(self, depth: int) -> bool:
        """True once the document is deep or large enough: take the shortest way to an end."""
        return self._is_short or depth >= _FULL_DEPTH or self.made >= _FULL_VALUES
