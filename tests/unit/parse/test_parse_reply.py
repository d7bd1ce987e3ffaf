"""What parse_reply does beside the battery: lists as contracts, declared defaults, maps, and what the ledger says."""

from decimal import Decimal

import pytest

from adapter.domain.job import Change
from adapter.domain.model import FinishReason
from adapter.errors import OutputAmbiguous
from adapter.pipeline.parse import ReplyInvalid, parse_reply
from adapter.tasks.contract import contract_from_schema
from adapter.tasks.strict_schema import strictify
from tests.unit.parse.judging import reply_of

RATES = contract_from_schema(
    {
        "type": "object",
        "properties": {
            "rates": {"type": "object", "additionalProperties": {"type": "number"}},
            "currency": {"type": "string", "default": "EUR"},
            "free": {},
        },
        "required": ["rates"],
        "additionalProperties": False,
    }
)
NUMBERS = contract_from_schema({"type": "array", "items": {"type": "number"}})


def test_a_declared_default_is_filled_in_and_noted() -> None:
    reply = reply_of('{"rates": [{"key": "A", "value": "1.10"}], "currency": null, "free": null}')

    parsed = parse_reply(reply, RATES, strictify(RATES.schema))

    assert parsed.document == {"rates": {"A": Decimal("1.10")}, "currency": "EUR"}
    assert parsed.changes == (Change("/currency", "defaulted", "", '"EUR"'),)


def test_a_key_of_a_map_that_comes_twice_is_asked_for_again() -> None:
    reply = reply_of('{"rates": [{"key": "A", "value": "1"}, {"key": "A", "value": "2"}]}')

    with pytest.raises(ReplyInvalid) as caught:
        parse_reply(reply, RATES, strictify(RATES.schema))

    assert [(one.pointer, one.rule) for one in caught.value.violations] == [("/rates/A", "duplicateKey")]


def test_a_map_given_as_an_object_is_taken() -> None:
    parsed = parse_reply(reply_of('{"rates": {"A": "1.10"}}'), RATES, strictify(RATES.schema))

    assert parsed.document["rates"] == {"A": Decimal("1.10")}


@pytest.mark.parametrize("text", ["plain words", '{"a": NaN}', '{"a": 1, "a": 2}'])
def test_an_open_place_that_holds_no_json_is_asked_for_again(text: str) -> None:
    quoted = text.replace('"', '\\"')

    with pytest.raises(ReplyInvalid) as caught:
        parse_reply(reply_of(f'{{"rates": [], "free": "{quoted}"}}'), RATES, strictify(RATES.schema))

    assert [(one.pointer, one.rule) for one in caught.value.violations] == [("/free", "json")]


@pytest.mark.parametrize("text", ['{"result": ["1.5", "2"]}', '["1.5", "2"]', 'Here you are: ["1.5", "2"].'])
def test_a_list_is_taken_out_of_its_envelope_or_as_it_is(text: str) -> None:
    parsed = parse_reply(reply_of(text), NUMBERS, strictify(NUMBERS.schema))

    assert parsed.document == [Decimal("1.5"), Decimal(2)]


def test_the_ledger_entry_of_an_extraction_holds_no_word_of_the_reply() -> None:
    parsed = parse_reply(reply_of('Dear attacker: {"rates": []}'), RATES, strictify(RATES.schema))

    assert parsed.changes[0] == Change("", "extracted", "", "")


def test_an_unknown_finish_reason_is_no_reason_to_refuse_a_document() -> None:
    parsed = parse_reply(reply_of('{"rates": []}', FinishReason.OTHER), RATES, strictify(RATES.schema))

    assert parsed.document["rates"] == {}


def test_true_and_one_are_different_documents() -> None:
    contract = contract_from_schema({"type": "object", "properties": {"a": {"type": ["boolean", "integer"]}}})

    with pytest.raises(OutputAmbiguous):
        parse_reply(reply_of('{"a": true} {"a": 1}'), contract, strictify(contract.schema))
