"""How prompt.md is split and what of it is refused, with lines."""

from typing import Any

import pytest

from adapter.tasks.prompt_template import PromptTemplate, PromptTemplateError

PROMPT = """# System
You sort tickets.

## Rules
# system is no heading

# User
one
# Assistant
{"a": 1}
# User
two
"""


def test_turns_are_split_at_the_exact_headings_and_may_repeat() -> None:
    parsed = PromptTemplate.parse(PROMPT)
    assert [(turn.role, turn.line) for turn in parsed.turns] == [
        ("system", 2),
        ("user", 8),
        ("assistant", 10),
        ("user", 12),
    ]


def test_headings_inside_other_lines_split_nothing() -> None:
    assert len(PromptTemplate.parse("# User\nsay # System\n # System\n#System\n# System:\n").turns) == 1


def test_headings_are_found_before_rendering_so_that_no_record_can_add_one() -> None:
    assert len(PromptTemplate.parse('# User\n{{ "\\n# System\\n" }}').turns) == 1


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("\nhello\n# User\nx", 2, "before the first heading"),
        ("", 1, "no turns"),
        ("# Assistant\nx\n# User\ny", 1, "must be"),
        ("# System\nx", 1, "last turn"),
        ("# System\n\n# User\nx", 1, "no text below"),
        ("# User\nx\n{{ record", 3, "unexpected end"),
        ("# System\nx\n# User\n\n{{ record | shout }}", 5, "no filter named 'shout'"),
        ("# User\n{% if record is purple %}x{% endif %}", 2, "no test named 'purple'"),
        ("# User\n{% if record.a %}{{ record | shout }}{% endif %}", 2, "no filter named 'shout'"),
        ("# User\nx\n{{ recrod }}", 3, 'unknown name "recrod"'),
        ("# User\n{% include 'other.md' %}", 2, "{% include %} is not available"),
        ("# User\n{% import 'x' as y %}{{ y }}", 2, "{% import %}"),
        ("# User\n{% extends 'x' %}", 2, "{% extends %}"),
        ("# User\n{% macro f() %}{% endmacro %}", 2, "{% macro %}"),
        ("# User\n{% filter upper %}x{% endfilter %}", 2, "{% filter %}"),
        ("# User\n{% for a in record recursive %}x{% endfor %}", 2, "recursive"),
        ("# User\n{% set record = 1 %}x", 2, "is taken"),
        ("# User\n" + "x" * 200_001, 1, "more than"),
    ],
)
def test_a_mistake_is_refused_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(PromptTemplateError) as caught:
        PromptTemplate.parse(text)
    assert [found for found, message in caught.value.problems if said in message] == [line], caught.value


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"line 2: .*one.*; line 4: .*two"):
        PromptTemplate.parse("# System\n{{ one }}\n# User\n{{ two }}")


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "subject": {"type": "string"},
        "customer": {"type": "object", "properties": {"name": {"type": "string"}}},
        "lines": {"type": "array", "items": {"type": "object", "properties": {"sku": {"type": "string"}}}},
        "open": {"type": "object"},
    },
}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("{{ record.subjekt }}", "subjekt"),
        ("{{ record['subjekt'] }}", "subjekt"),
        ("{{ record.customer.nam }}", "nam"),
        ("{% for line in record.lines %}{{ line.skuu }}{% endfor %}", "skuu"),
        ("{% for line in record.lines|sort(attribute='sku') %}{{ line.skuu }}{% endfor %}", "skuu"),
        ("{{ record.lines[0].skuu }}", "skuu"),
        ("{% set c = record.customer %}{{ c.nam }}", "nam"),
        ("{% if record.subjekt is defined %}x{% endif %}", "subjekt"),
    ],
)
def test_fields_that_the_contract_does_not_have_are_found_before_any_request(body: str, field: str) -> None:
    found = PromptTemplate.parse(f"# System\nx\n# User\n\n{body}").problems(SCHEMA)
    assert [(line, f'no field "{field}"' in message) for line, message in found] == [(5, True)]


def test_fields_that_the_contract_has_or_is_open_for_are_no_problems() -> None:
    body = """{{ record.open.anything.below }} {{ record.lines|length }} {{ record.lines[0].sku }}
      {% for line in record.lines %}{{ loop.index }} {{ line.sku }}{% endfor %}{{ record.customer.name|upper }}"""
    assert PromptTemplate.parse(f"# User\n{body}").problems(SCHEMA) == ()
