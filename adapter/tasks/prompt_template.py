"""prompt.md: split into turns at its headings, then compiled once, in a sandbox that cannot reach Python."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Template, TemplateSyntaxError

from adapter.tasks.template_check import Located, field_problems, statement_problems
from adapter.tasks.template_filters import RENDERING
from adapter.tasks.template_sandbox import bounded, prompt_environment
from adapter.tasks.template_values import Rendering

_HEADINGS = {"# System": "system", "# User": "user", "# Assistant": "assistant"}
_FILE = "prompt.md"
_MAX_CHARACTERS = 200_000


class PromptTemplateError(ValueError):
    """A prompt cannot be used. `problems` holds line and message of each thing wrong; str() is all of them."""

    def __init__(self, problems: list[Located]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("; ".join(f"line {line}: {message}" for line, message in self.problems))


class PromptTooLongError(Exception):
    """What a template prints is longer than a prompt may be."""


@dataclass(frozen=True, slots=True)
class TurnTemplate:
    """One turn: role, the line its text begins at, and the compiled text."""

    role: str
    line: int
    compiled: Template
    source: str

    def render(self, variables: Mapping[str, Any], rendering: Rendering, *, max_characters: int) -> str:
        """Print it. Raises PromptTooLongError, and jinja2's TemplateError for what only shows at run time."""
        context = self.compiled.new_context({**variables, RENDERING: rendering})
        parts: list[str] = []
        left = max_characters
        for part in self.compiled.root_render_func(context):
            left -= len(part)
            if left < 0:
                raise PromptTooLongError
            parts.append(part)
        return "".join(parts).strip()


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """A parsed prompt: its turns in order, ending with the user's."""

    turns: tuple[TurnTemplate, ...]

    @classmethod
    def parse(cls, text: str) -> "PromptTemplate":
        """Split and compile. Raises PromptTemplateError (a ValueError) with all problems and their lines."""
        if len(text) > _MAX_CHARACTERS:
            raise PromptTemplateError([(1, f"more than {_MAX_CHARACTERS} characters")])
        sections = list(_sections(text))
        problems = [*_order_problems(sections)]
        turns = []
        for role, line, body in sections:
            try:
                turns.append(_compile(role, line, body))
            except PromptTemplateError as exc:
                problems += exc.problems
        if problems:
            raise PromptTemplateError(problems)
        return cls(tuple(turns))

    def problems(self, schema: Mapping[str, Any]) -> tuple[Located, ...]:
        """Fields of the record that the input contract does not have: (line, message) each."""
        environment = prompt_environment()
        found = [
            (turn.line + line - 1, message)
            for turn in self.turns
            for line, message in field_problems(environment.parse(turn.source), schema)
        ]
        return tuple(dict.fromkeys(found))


def _sections(text: str) -> Iterator[tuple[str, int, str]]:
    """Role, first line and text of each turn. Raises PromptTemplateError for text before the first heading."""
    role, begin = "", 0
    body: list[str] = []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        heading = _HEADINGS.get(line.rstrip())
        if heading is None:
            if not role and line.strip():
                raise PromptTemplateError([(number, 'text before the first heading "# System" or "# User"')])
            body.append(line)
            continue
        if role:
            yield role, begin, "\n".join(body)
        role, begin, body = heading, number + 1, []
    if role:
        yield role, begin, "\n".join(body)


def _order_problems(sections: list[tuple[str, int, str]]) -> Iterator[Located]:
    if not sections:
        yield 1, 'no turns; a prompt has at least the heading "# User" and text below it'
        return
    if sections[0][0] == "assistant":
        yield sections[0][1] - 1, 'the first heading must be "# System" or "# User"'
    if sections[-1][0] != "user":
        yield sections[-1][1] - 1, 'the last turn must be "# User": it is what the model answers'
    for _, line, body in sections:
        if not body.strip():
            yield line - 1, "no text below this heading"


def _compile(role: str, line: int, body: str) -> TurnTemplate:
    environment = prompt_environment()
    try:
        tree = environment.parse(body)
        problems = [(line + found - 1, message) for found, message in statement_problems(tree)]
        if problems:
            raise PromptTemplateError(problems)
        code = environment.compile(bounded(tree), filename=_FILE)
    except TemplateSyntaxError as exc:
        raise PromptTemplateError([(line + exc.lineno - 1, exc.message or "not a Jinja template")]) from None
    except RecursionError:
        raise PromptTemplateError([(line, "nested too deep")]) from None
    return TurnTemplate(role, line, Template.from_code(environment, code, environment.globals), body)
