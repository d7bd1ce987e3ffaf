r"""Strings for simple regular expressions: literals, classes, groups, alternatives, counts; `\d \w \s .` and anchors.

Look-around, back references and Unicode properties are not simple: UnsupportedPattern.
"""

import re
import string
from collections.abc import Callable, Sequence
from random import Random

Piece = Callable[[Random, int], str]
"""Makes a part of a string; the second argument is how often an open-ended count may repeat beyond its least."""

_DIGITS = string.digits
_WORD = string.ascii_letters + string.digits
_PRINTABLE = string.ascii_letters + string.digits + " .,-_/:"
_CLASSES = {"d": _DIGITS, "w": _WORD, "s": " ", "D": string.ascii_letters, "W": " -.", "S": _WORD}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_COUNTS = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_BRACES = re.compile(r"\{([0-9]+)(,([0-9]*))?\}")


class UnsupportedPattern(ValueError):
    """The pattern is not one of the simple ones."""


def sampler(pattern: str) -> Piece:
    """Return a maker of strings that match the pattern. Raises UnsupportedPattern."""
    parser = _Parser(pattern)
    piece = parser.alternatives()
    if parser.rest:
        raise UnsupportedPattern(pattern)
    return piece


class _Parser:
    """Recursive descent over one pattern."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    @property
    def rest(self) -> str:
        return self._pattern[self._at :]

    def alternatives(self) -> Piece:
        branches = [self._sequence()]
        while self._take("|"):
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else lambda random, more: random.choice(branches)(random, more)

    def _sequence(self) -> Piece:
        pieces: list[Piece] = []
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            piece = self._atom()
            if piece is not None:
                pieces.append(self._counted(piece))
        return lambda random, more: "".join([piece(random, more) for piece in pieces])

    def _atom(self) -> Piece | None:
        """Read one atom; None for an anchor."""
        character = self._next()
        if character in "^$":
            return None
        if character == "(":
            return self._group()
        if character == "[":
            return _choice(self._class())
        if character == "\\":
            return self._escape()
        if character == ".":
            return _choice(_PRINTABLE)
        if character in "*+?{":
            raise UnsupportedPattern(self._pattern)
        return _literal(character)

    def _group(self) -> Piece:
        if self._take("?") and not self._take(":"):
            raise UnsupportedPattern(self._pattern)
        piece = self.alternatives()
        self._expect(")")
        return piece

    def _escape(self) -> Piece | None:
        character = self._next()
        if character in _CLASSES:
            return _choice(_CLASSES[character])
        return _literal(self._escaped_literal(character))

    def _escaped_literal(self, character: str) -> str:
        if character in _CONTROLS:
            return _CONTROLS[character]
        if character in "xu":
            digits = "".join(self._next() for _ in range(2 if character == "x" else 4))
            if not re.fullmatch("[0-9A-Fa-f]+", digits):
                raise UnsupportedPattern(self._pattern)
            return chr(int(digits, 16))
        if character.isalnum():
            raise UnsupportedPattern(self._pattern)
        return character

    def _class(self) -> Sequence[str]:
        negated = self._take("^")
        members: list[str] = []
        first = True
        while first or not self._take("]"):
            first = False
            members.extend(self._class_member())
        if negated:
            members = [character for character in _PRINTABLE if character not in members]
        if not members:
            raise UnsupportedPattern(self._pattern)
        return members

    def _class_member(self) -> Sequence[str]:
        start = self._class_character()
        if len(start) > 1 or not self.rest.startswith("-") or self.rest.startswith("-]"):
            return start
        self._next()
        end = self._class_character()
        if len(end) > 1 or ord(end) < ord(start):
            raise UnsupportedPattern(self._pattern)
        return [chr(code) for code in range(ord(start), min(ord(end), ord(start) + 255) + 1)]

    def _class_character(self) -> str:
        character = self._next()
        if character != "\\":
            return character
        escaped = self._next()
        return _CLASSES[escaped] if escaped in _CLASSES else self._escaped_literal(escaped)

    def _counted(self, piece: Piece) -> Piece:
        least, most = self._count()
        if (least, most) == (1, 1):
            return piece
        self._take("?")  # a lazy count matches the same strings
        return lambda random, more: "".join(
            [piece(random, more) for _ in range(random.randint(least, least + more if most is None else most))]
        )

    def _count(self) -> tuple[int, int | None]:
        if self._at < len(self._pattern) and self._pattern[self._at] in _COUNTS:
            return _COUNTS[self._next()]
        found = _BRACES.match(self._pattern, self._at)
        if found is None:
            return 1, 1
        self._at = found.end()
        least = int(found[1])
        if found[2] is None:
            return least, least
        return least, int(found[3]) if found[3] else None

    def _next(self) -> str:
        if self._at >= len(self._pattern):
            raise UnsupportedPattern(self._pattern)
        self._at += 1
        return self._pattern[self._at - 1]

    def _take(self, character: str) -> bool:
        if self.rest.startswith(character):
            self._at += 1
            return True
        return False

    def _expect(self, character: str) -> None:
        if not self._take(character):
            raise UnsupportedPattern(self._pattern)


def _literal(character: str) -> Piece:
    return lambda _random, _more: character


def _choice(characters: Sequence[str]) -> Piece:
    return lambda random, _more: random.choice(characters)
