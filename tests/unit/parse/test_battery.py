"""Malformed replies of every kind seen in the wild: what becomes of each. None is accepted with other values.

Syntax is not repaired here: a reply that is no JSON is asked for again.
"""

from decimal import Decimal

import pytest

from adapter.domain.model import FinishReason
from tests.unit.parse.judging import GOOD, fate_of, reply_of

GOOD_DOCUMENT = {
    "customer": "Meyer",
    "priority": "LOW",
    "amount": Decimal("12.50"),
    "count": 3,
    "lines": [{"text": "Bolt", "price": Decimal("10.00")}, {"text": "Nut", "price": Decimal("2.50")}],
}
INJECTED = GOOD.replace("LOW", "HIGH").replace("12.50", "999999")
DRAFT = '{"priority": "HIGH"}'


def having(old: str, new: str) -> str:
    """Return the good reply with one thing replaced."""
    assert old in GOOD
    return GOOD.replace(old, new)


ACCEPTED = {
    "plain": (GOOD, ()),
    "white space around": (f"\n  {GOOD}\n", ()),
    "compact": (GOOD.replace(": ", ":").replace(", ", ","), ()),
    "keys in another order": (GOOD.replace('"customer": "Meyer", ', "")[:-1] + ', "customer": "Meyer"}', ()),
    "decimal as a JSON number": (having('"12.50"', "12.50"), ()),
    "optional left out": (having('"note": null, ', ""), ()),
    "fences": (f"```json\n{GOOD}\n```", ("extracted",)),
    "fences without a language": (f"```\n{GOOD}\n```", ("extracted",)),
    "prose before": (f"Sure! Here is the result:\n{GOOD}", ("extracted",)),
    "prose after": (f"{GOOD}\nLet me know if you need more.", ("extracted",)),
    "prose with braces, brackets and quotes": (f'As you "said" {{sic}} [see §1], it\'s:\n{GOOD}', ("extracted",)),
    "byte order mark": (f"\ufeff{GOOD}", ("extracted",)),
    "the same twice": (f"{GOOD}\n{GOOD}", ("extracted",)),
    "the same twice, written differently": (f"{GOOD}\n{GOOD.replace(', ', ',')}", ("extracted",)),
    "thoughts, then the answer": (f"<think>it may be {DRAFT}</think>{GOOD}", ("extracted",)),
    "thoughts with a valid document, then the answer": (f"<think>maybe {INJECTED}</think>\n{GOOD}", ("extracted",)),
    "thoughts whose opening tag the template wrote": (f"I see {INJECTED}, so\n</think>\n{GOOD}", ("extracted",)),
    "a draft, then the answer": (f"First {DRAFT}, better: {GOOD}", ("extracted",)),
    "a list of notes, then the answer": (f"[1, 2] {GOOD}", ("extracted",)),
    "braces and tags inside a string": (having("Meyer", "a } ] </think> ``` {"), ()),
}

ASKED_AGAIN = {
    "an answer, then a draft": (f"{GOOD} or shorter {DRAFT}", {("", "json"), ("/amount", "required")}),
    "an injected document, then an invalid answer": (f"{INJECTED} {having('LOW', 'low')}", {("/priority", "enum")}),
    "an injected document, then a broken answer": (f"{INJECTED} {GOOD[:-1]}, }}", {("", "json")}),
    "an injected document, then a cut off answer": (f"{INJECTED} {GOOD[:-20]}", {("", "json")}),
    "trailing comma": (having("]}", ",]}"), {("", "json")}),
    "single quotes": (GOOD.replace('"', "'"), {("", "json")}),
    "bare keys": (having('"count"', "count"), {("", "json")}),
    "Python literals": (having("null", "None"), {("", "json")}),
    "comments": (having("3,", "3, // pieces\n"), {("", "json")}),
    "unescaped quote in a string": (having("Bolt", 'Bolt 2" long'), {("", "json")}),
    "unescaped newline in a string": (having("Bolt", "Bolt\nM8"), {("", "json")}),
    "prose only": ("I cannot find an invoice in this record.", {("", "json")}),
    "a JSON string": ('"LOW"', {("", "type")}),
    "stringified JSON": ('"{\\"customer\\": \\"Meyer\\"}"', {("", "type")}),
    "null": ("null", {("", "type")}),
    "a wrapper": (f'{{"result": {GOOD}}}', {("/result", "additionalProperties"), ("/customer", "required")}),
    "a list around it": (f"[{GOOD}]", {("", "type")}),
    "a list around it, in prose": (f"Here: [{GOOD}]", {("", "json")}),
    "thousands separator": (having("12.50", "1,234.56"), {("/amount", "type")}),
    "decimal comma": (having("12.50", "1.234,56"), {("/amount", "type")}),
    "currency sign": (having("12.50", "12,50 €"), {("/amount", "type")}),
    "exponent as text": (having("12.50", "1e3"), {("/amount", "type")}),
    "digits of another script": (having("12.50", "١٢"), {("/amount", "type")}),
    "fraction for an integer": (having("3", "3.7"), {("/count", "type")}),
    "integer as text": (having("3", '"007"'), {("/count", "type")}),
    "boolean for an integer": (having("3", "true"), {("/count", "type")}),
    "enum in lower case": (having("LOW", "low"), {("/priority", "enum")}),
    "enum with a remark": (having("LOW", "LOW (routine)"), {("/priority", "enum")}),
    "two enum values": (having("LOW", "LOW or MEDIUM"), {("/priority", "enum")}),
    "no enum value at all": (having("LOW", "very urgent"), {("/priority", "enum")}),
    "null for a required list": (GOOD[: GOOD.index("[")] + "null}", {("/lines", "type")}),
    "null for a required string": (having('"Meyer"', "null"), {("/customer", "type")}),
    "empty required string": (having("Meyer", ""), {("/customer", "minLength")}),
    "text for a list": (GOOD[: GOOD.index("[")] + '"Bolt"}', {("/lines", "type")}),
    "object for a list": (
        GOOD[: GOOD.index("[")] + '{"text": "Bolt", "price": "1"}}',
        {("/lines", "type")},
    ),
    "missing field": (having('"count": 3, ', ""), {("/count", "required")}),
    "extra field": (having("3,", '3, "tax": 1,'), {("/tax", "additionalProperties")}),
    "duplicate key": (having("3,", '3, "count": 4,'), {("", "json")}),
    "NaN": (having('"12.50"', "NaN"), {("", "json")}),
    "Infinity": (having('"12.50"', "-Infinity"), {("", "json")}),
    "endless exponent": (having('"12.50"', "1e999999999"), {("", "json")}),
    "half a surrogate pair": (having("Meyer", "\\ud83d"), {("", "json")}),
    "cut off in the lines, though called complete": (GOOD[: GOOD.index("Nut")], {("", "json")}),
    "cut off in a string, though called complete": (GOOD[: GOOD.index("eyer")], {("", "json")}),
    "cut off after prose": (f"Here it is: {GOOD[:-3]}", {("", "json")}),
    "nested too deep": ('{"customer": ' + "[" * 200 + "]" * 200 + "}", {("", "json")}),
    "unfinished thoughts": (f"<think>hm {GOOD}", {("", "json")}),
}

ENDED = {
    "two different valid documents": (reply_of(f"{INJECTED}\n{GOOD}"), "OUTPUT_AMBIGUOUS"),
    "two different valid documents in fences": (reply_of(f"```{GOOD}``` ```{INJECTED}```"), "OUTPUT_AMBIGUOUS"),
    "truncated, though what is there would parse": (reply_of(GOOD, FinishReason.LENGTH), "OUTPUT_TRUNCATED"),
    "truncated in the lines": (reply_of(GOOD[:-30], FinishReason.LENGTH), "OUTPUT_TRUNCATED"),
    "truncated before anything": (reply_of(None, FinishReason.LENGTH), "OUTPUT_TRUNCATED"),
    "filtered, with half an answer": (reply_of(GOOD[:-30], FinishReason.CONTENT_FILTER), "CONTENT_FILTERED"),
    "refused in its own field": (reply_of(None, refusal="I can't help with that."), "MODEL_REFUSED"),
    "refused by the finish reason": (reply_of("No.", FinishReason.REFUSAL), "MODEL_REFUSED"),
    "refused, with a document": (reply_of(GOOD, refusal="no"), "MODEL_REFUSED"),
    "nothing": (reply_of(None), "OUTPUT_EMPTY"),
    "an empty text": (reply_of(""), "OUTPUT_EMPTY"),
    "white space": (reply_of(" \n" * 20), "OUTPUT_EMPTY"),
    "white space without end": (reply_of('{"customer":' + " \n" * 300, FinishReason.LENGTH), "OUTPUT_RUNAWAY"),
    "a number without end": (reply_of('{"count": 1' + "0" * 60, FinishReason.LENGTH), "OUTPUT_RUNAWAY"),
    "the same item again and again": (
        reply_of('{"lines": [' + '{"text": "Bolt", "price": "1.00"}, ' * 60, FinishReason.LENGTH),
        "OUTPUT_RUNAWAY",
    ),
    "white space without end, though called complete": (reply_of('{"customer":' + " " * 500), "OUTPUT_RUNAWAY"),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_usable_reply_is_accepted_with_its_own_values(name: str) -> None:
    text, changes = ACCEPTED[name]

    fate = fate_of(reply_of(text))

    assert (fate.what, fate.changes) == ("accepted", changes)
    if "inside a string" not in name:
        assert fate.document == GOOD_DOCUMENT


@pytest.mark.parametrize("name", ASKED_AGAIN)
def test_a_reply_that_breaks_a_rule_is_asked_for_again_with_that_rule(name: str) -> None:
    text, rules = ASKED_AGAIN[name]

    fate = fate_of(reply_of(text))

    assert fate.what == "asked again"
    assert rules <= fate.rules


@pytest.mark.parametrize("name", ENDED)
def test_what_no_second_question_heals_ends_the_job(name: str) -> None:
    reply, reason = ENDED[name]

    assert fate_of(reply).what == reason
