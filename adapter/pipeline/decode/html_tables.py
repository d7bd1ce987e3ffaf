"""Spans of table cells as repeated cells, so that each value of a Markdown table stands in its column."""

from adapter.pipeline.decode.tree import Element

_MAX_SPAN = 50
_MAX_ADDED = 20_000
# A long text is not repeated in each row of its span.
_MAX_REPEATED_TEXT = 200

Above = dict[int, tuple[int, Element]]


def spread_spans(root: Element) -> None:
    """A cell over rows is repeated in each; one over columns is followed by empty ones. Bounded per page."""
    left = _MAX_ADDED
    for rows in _rows_by_table(root):
        above: Above = {}
        for row in rows:
            left = _spread_row(row, above, left)
            above = {column: (height - 1, cell) for column, (height, cell) in above.items() if height > 1}


def _rows_by_table(root: Element) -> list[list[Element]]:
    tables: dict[Element | None, list[Element]] = {}
    for row in root.iter("tr"):
        tables.setdefault(next(row.iterancestors("table"), None), []).append(row)
    return list(tables.values())


def _spread_row(row: Element, above: Above, left: int) -> int:
    """Add the cells that reach into this row, and empty ones beside wide cells; returns how many may still be added."""
    column = 0
    for cell in [cell for cell in row if cell.tag in {"td", "th"}]:
        while column in above and left > 0:
            cell.addprevious(_copy(above[column][1]))
            column, left = column + 1, left - 1
        width, height = _span(cell, "colspan"), _span(cell, "rowspan")
        if height > 1 and len(cell) == 0 and len(cell.text or "") <= _MAX_REPEATED_TEXT:
            above |= {column + offset: (height, cell) for offset in range(width)}
        for _ in range(min(width - 1, left)):
            cell.addnext(cell.makeelement(cell.tag))
        left -= width - 1
        column += width
    while column in above and left > 0:
        row.append(_copy(above[column][1]))
        column, left = column + 1, left - 1
    return left


def _span(cell: Element, name: str) -> int:
    text = cell.get(name, "1").strip()[:9]
    return max(1, min(int(text), _MAX_SPAN)) if text.isascii() and text.isdigit() else 1


def _copy(source: Element) -> Element:
    copy = source.makeelement(source.tag)
    copy.text = source.text
    return copy
