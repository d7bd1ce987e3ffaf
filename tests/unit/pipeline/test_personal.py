"""Which texts of a record its contract declares personal."""

from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from adapter.pipeline.personal import personal_texts

DECLARED = {"x-personal": True}
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "shoe": {"type": "number"}, "tall": {"type": "boolean"}},
}
ANNA = {"name": "Anna", "shoe": Decimal("37.5"), "tall": True}


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "$defs": {"person": PERSON}}


@pytest.mark.parametrize(
    ("declared", "record", "texts"),
    [
        ({"who": DECLARED | {"type": "string"}}, {"who": "Anna", "what": "Otto"}, ("Anna",)),
        ({"who": {"anyOf": [{"type": "string"}, {"type": "null"}]} | DECLARED}, {"who": "Anna"}, ("Anna",)),
        ({"who": {"anyOf": [{"type": "string"} | DECLARED, {"type": "null"}]}}, {"who": None}, ()),
        ({"number": DECLARED | {"type": "integer"}}, {"number": 4711}, ("4711",)),
        ({"who": {"type": "array", "items": DECLARED}}, {"who": ["Anna", "Otto", "Anna"]}, ("Anna", "Otto")),
        ({"who": {"$ref": "#/$defs/person"} | DECLARED}, {"who": ANNA}, ("Anna", "37.5")),
        ({"who": DECLARED | {"items": {"$ref": "#/$defs/person"}}}, {"who": [ANNA, ANNA]}, ("Anna", "37.5")),
        ({"who": {"x-personal": False, "type": "string"}}, {"who": "Anna"}, ()),
        ({"who": {"type": "string"}}, {"who": "Anna"}, ()),
    ],
)  # fmt: skip
def test_what_is_declared_is_found_with_all_that_is_below(declared: Any, record: Any, texts: tuple[str, ...]) -> None:
    assert personal_texts(record, schema(**declared)) == texts


def test_classes_of_pydantic_declare_it_too() -> None:
    class Person(BaseModel):
        name: Annotated[str, Field(json_schema_extra=DECLARED)]
        friend: "Person | None" = None

    record = {"name": "Anna", "friend": {"name": "Otto", "friend": None}}

    assert personal_texts(record, Person.model_json_schema()) == ("Anna", "Otto")
