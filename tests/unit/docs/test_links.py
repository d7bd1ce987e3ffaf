"""Links between pages lead somewhere."""

from pathlib import Path

import pytest

from tests.unit.docs.pages import ROOT, anchors, links, markdown_files


@pytest.mark.parametrize("path", markdown_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_resolves(path: Path) -> None:
    broken = [link for link in links(path.read_text(encoding="utf-8")) if not _resolves(path, link)]
    assert not broken


def _resolves(path: Path, link: str) -> bool:
    if link.startswith(("http://", "https://", "mailto:")):
        return True
    target, _, anchor = link.partition("#")
    file = (path.parent / target).resolve() if target else path
    if not file.exists():
        return False
    return not anchor or anchor in anchors(file.read_text(encoding="utf-8"))


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path in reached or path.suffix != ".md":
            continue
        reached.add(path)
        targets = (link.partition("#")[0] for link in links(path.read_text(encoding="utf-8")))
        waiting += [(path.parent / target).resolve() for target in targets if target and "://" not in target]
    assert {path for path in markdown_files() if path.parent == ROOT / "docs"} <= reached
