"""Java identifiers made of keys, titles and values; ASCII only, so that no compiler's default charset matters."""

import re
import unicodedata
from collections.abc import Collection

_KEYWORDS = frozenset(
    """
    abstract assert boolean break byte case catch char class const continue default do double else enum extends false
    final finally float for goto if implements import instanceof int interface long native new null package permits
    private protected public record return sealed short static strictfp super switch synchronized this throw throws
    transient true try var void volatile while yield _
    """.split()  # noqa: SIM905 - sixty words are read better without quotes
)
_METHODS = frozenset(
    ["clone", "equals", "finalize", "getClass", "hashCode", "json", "notify", "notifyAll", "toMap", "toString", "wait"]
)
_CLASSES = frozenset(
    "boolean class deprecated enum illegalstateexception jsonobject long object override record string".split()  # noqa: SIM905 - as above
)
_BEAN_KEY = re.compile(r"[a-z_][A-Za-z0-9_]*\Z")
_COMPONENT_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_ACCESSOR = re.compile(r"(get|set|is)[A-Z0-9_]")
_PACKAGE = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*\Z")
_SPELLED = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})


def class_name(text: str, otherwise: str) -> str:
    """Return PascalCase of a title; of `otherwise` where the title holds no letter."""
    words = _words(text) or _words(otherwise)
    name = "".join(word[0].upper() + word[1:] for word in words) or "Value"
    name = f"_{name}" if name[0].isdigit() else name
    return f"{name}Value" if name.lower() in _CLASSES else name


def member_name(key: str, taken: Collection[str]) -> str:
    """Return camelCase of a key, unlike those taken, and no getter or setter by accident."""
    words = _words(key)
    name = "".join([word.lower() if word.isupper() else word[0].lower() + word[1:] for word in words[:1]] + [
        word[0].upper() + word[1:] for word in words[1:]
    ]) or "value"  # fmt: skip
    if name[0].isdigit() or _ACCESSOR.match(name):
        name = f"_{name}"
    return unlike(f"{name}_" if name in _KEYWORDS | _METHODS else name, taken)


def constant_name(text: str, taken: Collection[str]) -> str:
    """Return UPPER_SNAKE of a value, unlike those taken."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", _ascii(text))
    name = re.sub(r"[^A-Za-z0-9]+", "_", spaced).strip("_").upper() or "EMPTY"
    name = f"_{name}" if name[0].isdigit() else name
    return unlike(name, taken)


def unlike(name: str, taken: Collection[str]) -> str:
    """Number a name until it differs from all taken, whatever their case."""
    known = {one.lower() for one in taken}
    number, candidate = 1, name
    while candidate.lower() in known:
        number += 1
        candidate = f"{name}{'_' if name[-1].isdigit() or name.isupper() else ''}{number}"
    return candidate


def accessor_suffix(key: str) -> str | None:
    """What follows get and set so that every mapper reads the key back from it; None = no method name can say it."""
    if not _BEAN_KEY.match(key) or key == "class":
        return None
    second_is_upper = len(key) > 1 and key[1].isupper()
    return key if second_is_upper or key[0] == "_" else key[0].upper() + key[1:]


def is_component_name(key: str) -> bool:
    """Whether a record component may be called like the key."""
    return bool(_COMPONENT_KEY.match(key)) and key not in _KEYWORDS | _METHODS


def is_package(name: str) -> bool:
    """Whether a name is that of a Java package."""
    return bool(_PACKAGE.match(name)) and not _KEYWORDS & set(name.split("."))


def package_of(task: str) -> str:
    """Return the package of a task's classes where none is asked for."""
    word = task.replace("-", "")
    return f"llmadapter.{word if is_package(word) else f'task{word}'}"


def _words(text: str) -> list[str]:
    return re.findall(r"[A-Za-z0-9]+", _ascii(text))


def _ascii(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.translate(_SPELLED))
    return "".join(one for one in decomposed if one.isascii() or not unicodedata.combining(one))
