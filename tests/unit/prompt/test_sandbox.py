"""A template reaches its record and nothing else, and ends."""

from decimal import Decimal

import pytest

from adapter.errors import InputTooLong, InternalError
from adapter.pipeline.prompt import render_prompt
from adapter.tasks.prompt_template import PromptTemplate
from tests.unit.prompt.rendering import NONCE, fenced, user

RECORD = {"text": "secret " * 10, "n": 7, "lines": [{"q": 2, "p": Decimal("1.10")}, {"q": 3}], "big": Decimal("1e300")}


@pytest.mark.parametrize(
    "body",
    [
        "{{ record.__class__ }}",
        "{{ record['__class__'] }}",
        "{{ record.member }}",
        "{{ record.text.upper() }}",
        "{{ record.text.rendering }}",
        "{{ record.lines._items }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ ''.join }}",
        "{{ 'x'.format() }}",
        "{{ ().__class__ }}",
        "{{ range.__globals__ }}",
        "{{ fence.__call__.__globals__ }}",
        "{{ namespace.__init__ }}",
        "{% set ns = namespace() %}{{ ns.__class__ }}",
        "{% for l in record.lines %}{{ loop.__class__ }}{{ loop._iterator }}{% endfor %}",
        "{{ record.text + 'x' }}",
        "{{ 'x' * 1000000000 }}",
        "{{ '%999999999d' % 1 }}",
        "{{ 9 ** 999999999 }}",
        "{{ record.big * record.big }}",
        "{{ range(1000000000) }}",
        "{{ [1, 2] }}",
        "{{ record.text ~ record }}",
        "{% for letter in record.text %}x{% endfor %}",
        "{{ record.nope }}",
    ],
)
def test_whatever_leads_out_of_the_record_fails(body: str) -> None:
    with pytest.raises(InternalError) as caught:
        user(f"\n{body}", RECORD, {"type": "object", "properties": {name: {} for name in RECORD}})
    assert "line 3 of prompt.md" in caught.value.message
    assert "secret" not in caught.value.message


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "body",
    [
        "{% for a in range(999) %}{% for b in range(999) %}{{ '' }}{% endfor %}{% endfor %}",
        "{% set ns = namespace(s='xx') %}{% for a in range(999) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
        "{% set ns = namespace(n=2) %}{% for a in range(999) %}{% set ns.n = ns.n * ns.n %}{% endfor %}",
        "{% for a in range(999) %}{% for b in range(999) %}{{ 'x' if 'zz' in record.text }}{% endfor %}{% endfor %}",
        "{% for a in range(999) %}{% for b in range(999) %}{{ record.lines|sum('q') }}{% endfor %}{% endfor %}",
    ],
)
def test_a_template_without_end_is_stopped(body: str) -> None:
    with pytest.raises(InternalError):
        user(body, RECORD)


def test_a_prompt_that_grows_too_long_is_stopped() -> None:
    template = PromptTemplate.parse("# User\n{% for a in range(1000) %}{{ record.text }}{% endfor %}")
    with pytest.raises(InputTooLong):
        render_prompt(template, RECORD, schema={}, nonce=NONCE, max_characters=10_000)


@pytest.mark.parametrize(
    ("body", "printed"),
    [
        ("{{ record.n + 1 }} {{ 7 // 2 }} {{ 7 % 4 }} {{ -record.n }}", "8 3 3 -7"),
        ("{{ record.lines[0].p * 2 }} {{ record.lines[0].p + 0.15 }}", "2.20 1.25"),
        ("{{ record.lines|map(attribute='q')|sum }} {{ record.lines|sum('q') }}", "5 5"),
        ("{{ record.lines|length }} {{ record.lines|map(attribute='q')|join('+') }}", "2 2+3"),
        (
            "{% for l in record.lines|sort(attribute='q', reverse=true) %}{{ loop.index }}:{{ l.q }} {% endfor %}",
            "1:3 2:2",
        ),
        ("{{ (record.lines|selectattr('q', 'gt', 2)|first).q }}", "3"),
        ("{{ record.lines|rejectattr('q', 'gt', 2)|list|length }}", "1"),
        ("{{ (record.lines|last).q }} {{ (record.lines|reverse|first).q }} {{ record.lines[-1].q }}", "3 3 3"),
        ("{{ [3, 1, 3]|unique|sort|join(',') }}", "1,3"),
        (
            "{% set ns = namespace(n=0) %}{% for l in record.lines %}{% set ns.n = ns.n + l.q %}{% endfor %}{{ ns.n }}",
            "5",
        ),
        (
            "{{ record.missing|default('none') }} {{ record.missing }} {{ record.missing.deep }}",
            "none (not given) (not given)",
        ),
        ("{% if record.missing is defined %}a{% else %}b{% endif %}{% if record.n is defined %}c{% endif %}", "bc"),
        ("{% if 'secret' in record.text and record.text is string %}yes{% endif %}", "yes"),
        ("{% if record.text == 'x' %}yes{% else %}no{% endif %}", "no"),
        ("{{ 2.567|round(2) }} {{ record.lines[0].p|round }}", "2.57 1"),
        ("{{ record.lines[0:1]|length }} {{ record.text|length }}", "1 70"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("{% if record.n > 5 %}\nmany\n{% endif %}\nend", "many\nend"),
    ],
)
def test_what_prompts_need_is_there(body: str, printed: str) -> None:
    assert user(body, RECORD) == printed


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("{{ record.text|upper }}", "SECRET PLAN"),
        ("{{ record.text|trim|lower }}", "secret plan"),
        ("{{ record.text|truncate(6) }}", "sec..."),
        ("{{ record.text[:3] }}", "sec"),
        ("{{ 'a: ' ~ record.text }}", "a: secret plan"),
        ("{{ [record.text, 'x']|join('/') }}", "secret plan/x"),
        ("{{ record.nothing|default(record.text) }}", "secret plan"),
        ("{{ [record.text]|first }}", "secret plan"),
        ("{% set t = record.text %}{{ t }}", "secret plan"),
        ("{{ record.text if record.text else 'x' }}", "secret plan"),
        ("{{ fence('any') }}", "any"),
    ],
)
def test_free_text_stays_fenced_whatever_is_done_to_it(body: str, text: str) -> None:
    assert user(body, {"text": "secret plan"}) == fenced(text)
