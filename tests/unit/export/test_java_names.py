"""Names in Java: valid whatever the contract calls things, and read back as the key by any mapper."""

import pytest

from adapter.tasks.export.java_names import (
    accessor_suffix,
    class_name,
    constant_name,
    is_component_name,
    is_package,
    member_name,
    package_of,
)


@pytest.mark.parametrize(
    ("key", "member"),
    [
        ("subject", "subject"),
        ("invoice_number", "invoiceNumber"),
        ("KDNR-1", "kdnr1"),
        ("BETREFF", "betreff"),
        ("größe", "grosse"),
        ("1st", "_1st"),
        ("class", "class_"),
        ("toString", "toString_"),
        ("get_x", "_getX"),
        ("issue", "issue"),
        ("!", "value"),
    ],
)
def test_a_key_becomes_a_member_that_is_neither_keyword_nor_getter(key: str, member: str) -> None:
    assert member_name(key, []) == member


def test_keys_that_differ_in_signs_only_get_members_that_differ_in_more_than_case() -> None:
    assert member_name("invoice-number", ["invoiceNumber"]) == "invoiceNumber2"
    assert member_name("IBAN", ["Iban"]) == "iban2"


@pytest.mark.parametrize(
    ("text", "constant"),
    [
        ("BILLING", "BILLING"),
        ("in progress", "IN_PROGRESS"),
        ("inProgress", "IN_PROGRESS"),
        ("5%", "_5"),
        ("", "EMPTY"),
    ],
)
def test_a_value_becomes_a_constant(text: str, constant: str) -> None:
    assert constant_name(text, []) == constant


def test_constants_of_one_enum_differ() -> None:
    assert constant_name("unknown", ["UNKNOWN"]) == "UNKNOWN_2"


@pytest.mark.parametrize(
    ("title", "name"),
    [("Booking record", "BookingRecord"), ("string", "StringValue"), ("2 sides", "_2Sides"), ("???", "Otherwise")],
)
def test_a_title_becomes_a_class_that_shadows_none_of_the_language(title: str, name: str) -> None:
    assert class_name(title, "otherwise") == name


@pytest.mark.parametrize(
    ("key", "suffix"),
    [("due_date", "Due_date"), ("xCoord", "xCoord"), ("_id", "_id"), ("class", None), ("URL", None), ("KDNR-1", None)],
)
def test_a_getter_is_called_so_that_a_mapper_finds_the_key_or_there_is_none(key: str, suffix: str | None) -> None:
    assert accessor_suffix(key) == suffix


def test_a_record_component_may_be_called_like_most_keys() -> None:
    assert [is_component_name(key) for key in ("due_date", "URL", "class", "hashCode", "KDNR-1", "größe")] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]


def test_a_package_is_made_of_the_task() -> None:
    assert package_of("classify-ticket") == "llmadapter.classifyticket"
    assert package_of("3d-new") == "llmadapter.task3dnew"
    assert [is_package(name) for name in ("com.acme.crm", "com.Acme", "com..crm", "com.new")] == [
        True,
        False,
        False,
        False,
    ]
