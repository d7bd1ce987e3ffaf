"""Short ways to render in tests."""

from typing import Any

from adapter.domain.model import Turn
from adapter.pipeline.prompt import render_prompt
from adapter.tasks.prompt_template import PromptTemplate

NONCE = "c0ffee42"
OPEN, CLOSE = f"<data-{NONCE}>", f"</data-{NONCE}>"


def turns(text: str, record: Any, schema: dict[str, Any] | None = None) -> tuple[Turn, ...]:
    """Render a whole prompt.md."""
    return render_prompt(PromptTemplate.parse(text), record, schema=schema or {"type": "object"}, nonce=NONCE)


def user(body: str, record: Any, schema: dict[str, Any] | None = None) -> str:
    """Render the text of a user turn."""
    return turns(f"# User\n{body}", record, schema)[-1].content


def fenced(text: str) -> str:
    """Return the text as it stands in a prompt."""
    gap = "\n" if "\n" in text else ""
    return f"{OPEN}{gap}{text}{gap}{CLOSE}"
