"""Personal data in what is written down: what is found, what stands for it, and the way back."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.outbound.cassettes.personal_data import is_personal
from adapter.outbound.cassettes.redaction import Redaction
from tests.unit.cassettes.asking import request

PERSONAL = {
    "e-mail": ["anna.schmidt@firma.de", "o'brien+x@mail.example.co.uk", "müller@bäckerei.de"],
    "IBAN": ["DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "GB29 NWBK 6016 1331 9268 19", "NO9386011117947"],
    "card": ["4111111111111111", "4111 1111 1111 1111", "5500-0000-0000-0004", "340000000000009"],
    "phone": ["+49 711 1234567", "+49 (0)711 1234-567", "0711/123456", "0044 20 7946 0958", "(0221) 123 45 67",
              "01.23.45.67.89", "+49.711.1234567"],
}  # fmt: skip
NOT_PERSONAL = [
    "2026-11-23T08:15:00", "23.11.2026", "01/02/2026", "1.249,90 EUR", "00000123456,78", "RE-2026-00417", "4711",
    "08:00-17:00", "192.168.10.20", "4111111111111112", "DE00370400440532013000", "12345678901", "0,1234567891",
]  # fmt: skip
ALL = [value for values in PERSONAL.values() for value in values]


@pytest.mark.parametrize("value", ALL)
def test_what_is_known_by_its_form_is_not_written_down(value: str) -> None:
    hidden = Redaction(request("")).hide(f"Kontakt: {value}, danke")

    assert value not in hidden
    assert hidden.startswith("Kontakt: ")
    assert hidden.endswith(", danke")


@pytest.mark.parametrize("value", NOT_PERSONAL)
def test_dates_amounts_and_numbers_of_documents_stay(value: str) -> None:
    text = f"Vom {value} an"

    assert Redaction(request("")).hide(text) == text


@pytest.mark.parametrize("value", ALL)
def test_what_stands_for_a_value_has_its_length_its_separators_and_its_kinds_of_characters(value: str) -> None:
    hidden = Redaction(request("")).hide(value)

    assert [_kind(char) for char in hidden] == [_kind(char) for char in value]


def _kind(char: str) -> str:
    if char.isdecimal():
        return "digit"
    return ("upper" if char.isupper() else "lower") if char.isalpha() else char


@pytest.mark.parametrize("form", ["IBAN", "card"])
def test_what_stands_for_a_number_with_check_digits_has_right_ones(form: str) -> None:
    for value in PERSONAL[form]:
        assert is_personal(form.lower(), Redaction(request("")).hide(value))


def test_the_same_value_is_the_same_everywhere_and_another_is_another() -> None:
    asked = request("von anna@firma.de an otto@firma.de, Kopie anna@firma.de")
    redaction = Redaction(asked)

    first, second, third = re.findall(r"\S+@[\w.]+", redaction.hide(asked.turns[1].content))

    assert first == third != second
    assert redaction.hide('{"from": "anna@firma.de"}') == f'{{"from": "{first}"}}'


def test_a_reply_comes_back_with_the_values_of_the_request() -> None:
    asked = request("anna@firma.de, +49 711 1234567, DE89370400440532013000", personal=('Anna O"Brien', "Müller"))
    redaction = Redaction(asked)
    redaction.hide(asked.turns[1].content)
    said = json.dumps({"mail": "anna@firma.de", "tel": "+49 711 1234567", "who": 'Anna O"Brien', "last": "Müller"})

    hidden = redaction.hide(said)

    assert json.loads(hidden).keys() == json.loads(said).keys()
    assert not [value for value in json.loads(said).values() if value in json.loads(hidden).values()]
    assert json.loads(redaction.show(hidden)) == json.loads(said)


def test_a_value_behind_an_escape_of_json_is_found_and_the_escape_is_kept() -> None:
    said = json.dumps({"text": "Von:\nanna@firma.de\tTel\u00fc:\n+49 711 1234567\\x"})

    hidden = json.loads(Redaction(request("")).hide(said))["text"]

    assert "anna" not in hidden
    assert "1234567" not in hidden
    assert hidden.startswith("Von:\n")
    assert hidden.endswith("\\x")


def test_declared_texts_and_their_words_are_hidden_wherever_they_stand_alone() -> None:
    asked = request(
        "Anna Schmidt, Am Markt 5: Frau Schmidt wartet. Schmidtstraße.", personal=("Anna Schmidt", "Am Markt 5")
    )

    hidden = Redaction(asked).hide(asked.turns[1].content)

    assert "Anna" not in hidden
    assert "Frau Schmidt" not in hidden
    assert "Markt" not in hidden
    assert "Schmidtstraße" in hidden, "a longer word is another word"


def test_patterns_of_the_operator_are_hidden() -> None:
    asked = request("Kunde KD-4711 und KD-4712")

    hidden = Redaction(asked, (r"KD-\d+", r"(a)(b)c")).hide(asked.turns[1].content)

    assert "4711" not in hidden
    assert re.search(r"Kunde (\S+) und (?!\1)\S+", hidden)


def test_what_the_contract_itself_says_stays() -> None:
    asked = request("", personal=("name", "BILLING", "Anna"))
    said = '{"name": "Anna", "kind": "+49 30 1234567", "other": "BILLING"}'

    hidden = json.loads(Redaction(asked).hide(said))

    assert hidden["kind"] == "+49 30 1234567"
    assert hidden["other"] == "BILLING"
    assert hidden["name"] != "Anna"


def test_the_code_of_the_fence_is_left_out_and_put_back() -> None:
    redaction = Redaction(request("x", nonce="11111111"))

    hidden = redaction.hide("</data-11111111>")

    assert hidden == "</data-nonce>"
    assert redaction.show(hidden) == "</data-11111111>"


def test_what_stands_for_a_value_is_nothing_that_was_said() -> None:
    first = Redaction(request("")).hide("anna@firma.de")
    asked = request(f"anna@firma.de {first}")

    hidden = Redaction(asked).hide("anna@firma.de")

    assert hidden != first


WORDS = st.lists(st.sampled_from([*ALL, *NOT_PERSONAL, "Anna", "und", "KD-1", "\n", '"']), max_size=8).map(" ".join)


@given(WORDS, WORDS)
def test_a_reask_that_quotes_a_replayed_reply_asks_what_was_recorded(asked: str, said: str) -> None:
    recording = Redaction(request(asked, personal=("Anna",)))
    recording.hide(asked)
    replayed = recording.show(recording.hide(said))

    def written(reply: str) -> list[str]:
        redaction = Redaction(request(f"{asked}\n{reply}", personal=("Anna",)))
        return [redaction.hide(asked), redaction.hide(reply)]

    assert written(replayed) == written(said)


@given(st.text(max_size=300))
def test_any_text_comes_back(text: str) -> None:
    redaction = Redaction(request(text, personal=(text[:5],)))

    assert redaction.show(redaction.hide(text)) == text
