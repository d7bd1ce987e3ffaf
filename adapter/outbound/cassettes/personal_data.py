"""Personal data that is known by its form: where it is in a text, and what is written in its place.

What stands for a value has its length, its separators and its kinds of characters, so that it passes where the value
passed; its check digits are right. It is counted, not computed from the value: nothing leads back.
"""

import re
from collections.abc import Callable, Mapping, Sequence

_DIGITS = "0123456789"
_LETTERS = "xabcdefghijklmnopqrstuvwyz"
_DECIMAL_BASE = 10
_IBAN_MODULUS = 97
_MIN_CARD_DIGITS = 13
_MAX_CARD_DIGITS = 19
# Length of the IBANs of a country, without spaces: registry of SWIFT.
_IBAN_LENGTHS: Mapping[int, str] = {
    15: "NO",
    16: "BE",
    18: "DK FI NL",
    19: "MK SI",
    20: "AT BA EE LT LU XK",
    21: "CH HR LI LV",
    22: "BG DE GB GE IE ME RS",
    23: "AE GI IL",
    24: "AD CZ ES MD PK RO SA SE SK TN",
    25: "PT",
    26: "IS TR",
    27: "FR GR IT MC SM",
    28: "AL AZ CY HU LB PL",
    31: "MT",
}
_IBAN = "|".join(
    rf"(?:{'|'.join(countries.split())})\d\d(?: ?[A-Z0-9]){{{length - 4}}}"
    for length, countries in _IBAN_LENGTHS.items()
)
_PHONE = (
    r"\+[1-9](?:[ ()/.-]{0,2}\d){6,14}"
    r"|\(?00[1-9](?:[ ()/-]{0,2}\d){7,13}"
    r"|\(?0[1-9](?:[ ()/-]{0,2}\d){6,13}"
)
_DATE = r"(?:\d{4}[-/]\d\d[-/]\d\d|\d{1,2}[-/]\d{1,2}[-/]\d\d(?:\d\d)?)(?![\d/-])"

ESCAPE = r"\\(?:u[0-9a-fA-F]{4}|.)"
NUMBER = r"\d++(?:[.,]\d++)++"
WORD = r"\w++"
# In the order in which they are tried at a place. Escapes of JSON, dates, amounts and words are passed over whole, so
# that nothing is found in the middle of one.
FORMS = (
    rf"{ESCAPE}"
    r"|(?P<email>[\w.+%-]{1,64}+@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})"
    rf"|(?P<iban>{_IBAN})(?!\w)"
    r"|(?P<dotted>0[1-9](?:\.\d\d){4})(?!\d|[.,]\d)"
    rf"|{_DATE}|{NUMBER}"
    r"|(?P<card>[3-6]\d{3}(?:[ -]?\d){9,15})(?!\d)"
    rf"|(?P<phone>{_PHONE})(?!\d)"
    rf"|{WORD}"
)


def is_personal(form: str, text: str) -> bool:
    """Say whether what looks like a form is one: check digits tell."""
    if form == "iban":
        return _iban_remainder(text.replace(" ", "")) == 1
    if form == "card":
        digits = re.sub(r"\D", "", text)
        return _MIN_CARD_DIGITS <= len(digits) <= _MAX_CARD_DIGITS and _luhn_sum(digits) % _DECIMAL_BASE == 0
    return True


def stand_in(form: str, text: str, ordinal: int) -> str:
    """Return what stands for the value that is the ordinal-th of its request; other forms keep a first digit."""
    return _MAKERS.get(form, _any)(text, ordinal)


def _email(text: str, ordinal: int) -> str:
    local, _, domain = text.partition("@")
    host, dot, top = domain.rpartition(".")
    return f"{_masked(local, ordinal)}@{_masked(host, 0)}{dot}{top}"


def _iban(text: str, ordinal: int) -> str:
    spaced = f"{text[:2]}00{_masked(text[4:], ordinal)}"
    check = 98 - _iban_remainder(spaced.replace(" ", ""))
    return f"{text[:2]}{check:02d}{spaced[4:]}"


def _card(text: str, ordinal: int) -> str:
    masked = f"{text[0]}{_masked(text[1:-1], ordinal)}0"
    check = -_luhn_sum(re.sub(r"\D", "", masked)) % _DECIMAL_BASE
    return f"{masked[:-1]}{check}"


def _phone(text: str, ordinal: int) -> str:
    kept = re.match(r"\+\d{2}|\(?00\d|\(?0\d", text)
    begin = kept.end() if kept else 0
    return text[:begin] + _masked(text[begin:], ordinal)


def _any(text: str, ordinal: int) -> str:
    begin = 1 if text[:1] in _DIGITS[1:] else 0
    return text[:begin] + _masked(text[begin:], ordinal)


_MAKERS: Mapping[str, Callable[[str, int], str]] = {
    "email": _email,
    "iban": _iban,
    "card": _card,
    "phone": _phone,
    "dotted": _phone,
}


def _masked(text: str, ordinal: int) -> str:
    """Write zeros for digits and x for letters, and the ordinal in them, from the end."""
    chars = list(text)
    for place in reversed(range(len(chars))):
        if not chars[place].isalnum():
            continue
        alphabet: Sequence[str] = _DIGITS if chars[place].isdecimal() else _LETTERS
        ordinal, rest = divmod(ordinal, len(alphabet))
        chars[place] = alphabet[rest].upper() if chars[place].isupper() else alphabet[rest]
    return "".join(chars)


def _iban_remainder(iban: str) -> int:
    return int("".join(str(int(char, 36)) for char in iban[4:] + iban[:4])) % _IBAN_MODULUS


def _luhn_sum(digits: str) -> int:
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value // _DECIMAL_BASE + value % _DECIMAL_BASE for value in doubled)
