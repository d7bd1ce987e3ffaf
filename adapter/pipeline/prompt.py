"""Record to turns: the task's template, with everything that comes from the record inside this request's fence."""

import traceback
from collections.abc import Mapping
from typing import Any

from jinja2 import TemplateError

from adapter.domain.model import Turn
from adapter.errors import InputTooLong, InternalError
from adapter.pipeline.render.fence import Fence
from adapter.pipeline.render.views import view
from adapter.tasks.prompt_template import PromptTemplate, PromptTooLongError, TurnTemplate
from adapter.tasks.shape import Shape
from adapter.tasks.template_sandbox import TemplateFunction
from adapter.tasks.template_values import plain_text

MAX_CHARACTERS = 16 * 1024 * 1024


def render_prompt(
    template: PromptTemplate,
    record: Any,
    *,
    schema: Mapping[str, Any],
    nonce: str,
    max_characters: int = MAX_CHARACTERS,
) -> tuple[Turn, ...]:
    """Render every turn; the system turn ends with what the fence means.

    Raises InputTooLong beyond max_characters, InternalError naming the line when the template fails for this record.
    """
    fence = Fence(nonce)
    variables = {
        "record": view(record, Shape.of(schema), fence),
        "fence": TemplateFunction(lambda text: fence.fenced(plain_text(text))),
    }
    turns: list[Turn] = []
    for turn in template.turns:
        content = _render(turn, variables, fence, max_characters)
        max_characters -= len(content)
        turns.append(Turn(turn.role, content))
    return _explained(turns, fence)


def _render(turn: TurnTemplate, variables: Mapping[str, Any], fence: Fence, max_characters: int) -> str:
    try:
        return turn.render(variables, fence, max_characters=max_characters)
    except PromptTooLongError:
        raise InputTooLong(f"The prompt of this record is longer than {MAX_CHARACTERS} characters.") from None
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as exc:
        line = turn.line + _line_of(turn, exc) - 1
        raise InternalError(
            f"The task's prompt fails for this record at line {line} of prompt.md ({type(exc).__name__}). "
            "Correct the template; `adapter tasks check` finds most of such mistakes.",
            metadata={"line": str(line)},
        ) from exc


def _line_of(turn: TurnTemplate, error: BaseException) -> int:
    """Line of the turn's own text at which the template failed."""
    compiled = [lineno for frame, lineno in traceback.walk_tb(error.__traceback__) if _is_template(frame.f_code)]
    return turn.compiled.get_corresponding_lineno(compiled[-1]) if compiled else 1


def _is_template(code: Any) -> bool:
    return str(code.co_filename) == "prompt.md"


def _explained(turns: list[Turn], fence: Fence) -> tuple[Turn, ...]:
    """Say what the fence means at the end of the system turn: what stands before it stays the same for all requests."""
    for place, turn in enumerate(turns):
        if turn.role == "system":
            turns[place] = Turn("system", f"{turn.content}\n\n{fence.explanation}")
            return tuple(turns)
    return (Turn("system", fence.explanation), *turns)
