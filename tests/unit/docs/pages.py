"""Reading the project's Markdown: pages, code blocks, tables, links."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def page(name: str) -> str:
    """Text of a page under docs, or README.md."""
    return (ROOT / name if name == "README.md" else DOCS / name).read_text(encoding="utf-8")


def markdown_files() -> tuple[Path, ...]:
    """Every page of the project; prompts of tasks are Markdown by name only."""
    return tuple(sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md"), *ROOT.glob("clients/*/*.md")]))


def blocks(text: str, language: str) -> list[str]:
    """Code blocks of one language, without the fences."""
    return [match[2] for match in _BLOCK.finditer(text) if match[1] == language]


def links(text: str) -> list[str]:
    """Targets of links and pictures outside code blocks."""
    return _LINK.findall(_BLOCK.sub("", text))


def rows(text: str) -> list[list[str]]:
    """Cells of every table row; a `|` that is escaped is part of its cell."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def anchors(text: str) -> set[str]:
    """Anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _BLOCK.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
