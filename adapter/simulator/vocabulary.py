"""Plausible values for strings and numbers, found by the words of a property's name. All made up."""

import re
from collections.abc import Callable, Mapping
from random import Random
from typing import TypeVar

from adapter.simulator.draw import Draw

_Value = TypeVar("_Value")

_FIRST = ("Anna", "Bernd", "Carla", "David", "Elena", "Frank", "Greta", "Henry", "Ines", "Jonas", "Katja", "Liam")
_LAST = ("Brandt", "Cole", "Dietrich", "Evans", "Fischer", "Graham", "Huber", "Keller", "Lorenz", "Marsh", "Novak")
_COMPANIES = ("Alpenblick GmbH", "Brightwater Ltd", "Cobalt Freight AG", "Dune & Sons", "Elbe Logistik KG")
_STREETS = ("Lindenweg", "Station Road", "Marktplatz", "High Street", "Am Hafen", "Mill Lane", "Gartenstrasse")
_CITIES = ("Hamburg", "Leeds", "Graz", "Bristol", "Kassel", "Basel", "Utrecht", "Linz")
_COUNTRIES = ("DE", "AT", "CH", "GB", "NL", "FR")
_CURRENCIES = ("EUR", "CHF", "GBP", "USD")
_LANGUAGES = ("de", "en", "fr", "nl")
_DOMAINS = ("example.com", "example.org", "example.net")
_UNITS = ("pcs", "kg", "h", "m")

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")


def name_words(name: str) -> list[str]:
    """Split `dueDate`, `due_date` and `DUE-DATE` alike, lower case."""
    return [word.lower() for word in _WORD.findall(name)]


def text_for(name: str) -> Callable[[Draw], str] | None:
    """Return a maker of plausible strings for a property name, None when no word of it is known."""
    return _last_known(_TEXTS, name)


def range_for(name: str) -> tuple[int, int]:
    """Plausible bounds of a number with this name."""
    return _last_known(_RANGES, name) or (1, 100)


def _last_known(table: Mapping[str, _Value], name: str) -> _Value | None:
    """Look the words up from the last: in `customer_street` the street decides."""
    return next((table[word] for word in reversed(name_words(name)) if word in table), None)


def date(random: Random) -> str:
    """ISO date of recent years."""
    return f"{random.randint(2024, 2026)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"


def time(random: Random) -> str:
    """Time of day without an offset."""
    return f"{random.randint(0, 23):02}:{random.randint(0, 59):02}:{random.randint(0, 59):02}"


def email(random: Random) -> str:
    """Mail address in a domain that nobody owns."""
    return f"{random.choice(_FIRST)}.{random.choice(_LAST)}@{random.choice(_DOMAINS)}".lower()


def uri(random: Random) -> str:
    """Web address in a domain that nobody owns."""
    return f"https://{random.choice(_DOMAINS)}/{random.randint(1000, 9999)}"


def _digits(count: int) -> Callable[[Draw], str]:
    return lambda draw: str(draw.random.randrange(10 ** (count - 1), 10**count))


def _one_of(values: tuple[str, ...]) -> Callable[[Draw], str]:
    return lambda draw: draw.random.choice(values)


def _person(draw: Draw) -> str:
    return f"{draw.random.choice(_FIRST)} {draw.random.choice(_LAST)}"


def _amount(draw: Draw) -> str:
    return f"{draw.random.randint(10, 2500)}.{draw.random.randint(0, 99):02}"


def _address(draw: Draw) -> str:
    return f"{draw.random.choice(_STREETS)} {draw.random.randint(1, 99)}, {draw.random.choice(_CITIES)}"


def _reference(draw: Draw) -> str:
    return f"{draw.random.choice('ABCDEFGHKM')}-{draw.random.randint(10000, 99999)}"


def _by_word(*rows: tuple[str, Callable[[Draw], str]]) -> dict[str, Callable[[Draw], str]]:
    return {word: make for words, make in rows for word in words.split()}


_TEXTS = _by_word(
    ("name customer person contact author owner claimant kunde", _person),
    ("firstname forename vorname given", _one_of(_FIRST)),
    ("lastname surname nachname family", _one_of(_LAST)),
    ("company supplier vendor organisation organization firma insurer", _one_of(_COMPANIES)),
    ("street strasse", lambda draw: f"{draw.random.choice(_STREETS)} {draw.random.randint(1, 99)}"),
    ("city town ort place location", _one_of(_CITIES)),
    ("address adresse", _address),
    ("country land", _one_of(_COUNTRIES)),
    ("postcode zip plz postal", _digits(5)),
    ("currency waehrung", _one_of(_CURRENCIES)),
    ("language lang locale sprache", _one_of(_LANGUAGES)),
    ("unit einheit", _one_of(_UNITS)),
    ("email mail", lambda draw: email(draw.random)),
    ("url uri link website", lambda draw: uri(draw.random)),
    ("phone telephone mobile fax telefon", lambda draw: f"+49 40 {draw.random.randint(100000, 999999)}"),
    ("amount total price sum net gross tax fee cost balance betrag summe", _amount),
    ("quantity count menge", lambda draw: str(draw.random.randint(1, 12))),
    ("rate percent percentage", lambda draw: str(draw.random.choice((7, 19, 20)))),
    ("date datum day due", lambda draw: date(draw.random)),
    ("time", lambda draw: time(draw.random)),
    ("id number no reference ref key nummer iban account policy", _reference),
    ("year jahr", lambda draw: str(draw.random.randint(2024, 2026))),
    ("code", lambda draw: f"{draw.random.choice('ABCDEFGH')}{draw.random.randint(10, 99)}"),
    ("title subject headline betreff label topic keyword tag", lambda draw: draw.phrase(2, 4)),
    (
        "summary description text note notes comment reason message body question questions",
        lambda draw: draw.sentence(),
    ),
)

_RANGES: Mapping[str, tuple[int, int]] = {
    **dict.fromkeys(("quantity", "count", "items", "menge", "days"), (1, 12)),
    **dict.fromkeys(("year", "jahr"), (2024, 2026)),
    **dict.fromkeys(("month", "monat"), (1, 12)),
    **dict.fromkeys(("percent", "percentage", "rate", "discount"), (0, 25)),
    **dict.fromkeys(("priority", "severity", "level", "rating", "score"), (1, 5)),
    **dict.fromkeys(("confidence", "probability"), (0, 1)),
    **dict.fromkeys(("age",), (18, 90)),
    **dict.fromkeys(("amount", "total", "price", "sum", "net", "gross", "cost", "betrag"), (10, 2500)),
}
