"""Tables as Markdown can hold them: spans as repeated cells, so that each value stands in its column; bounded."""

from adapter.pipeline.decode.tree import Element

_MAX_SPAN = 50
_MAX_ADDED = 20_000
# A Markdown table pads every row to the widest one: beyond this many columns or cells the table is shown as lines.
_MAX_COLUMNS = 200
_MAX_CELLS = 200_000
# A long text is not repeated in each row of its span.
_MAX_REPEATED_TEXT = 200

Above = dict[int, tuple[int, Element]]


def arrange_tables(root: Element) -> None:
    """Repeat a cell over rows in each, follow one over columns by empty ones; take apart tables that are too wide."""
    left = _MAX_ADDED
    for rows in _rows_by_table(root):
        widest = max(map(len, rows))
        if widest > _MAX_COLUMNS or widest * len(rows) > _MAX_CELLS:
            _take_apart(rows)
            continue
        above: Above = {}
        for row in rows:
            left = _spread_row(row, above, left)
            above = {column: (height - 1, cell) for column, (height, cell) in above.items() if height > 1}


def _rows_by_table(root: Element) -> list[list[Element]]:
    tables: dict[Element | None, list[Element]] = {}
    for row in root.iter("tr"):
        tables.setdefault(next(row.iterancestors("table"), None), []).append(row)
    return list(tables.values())


def _take_apart(rows: list[Element]) -> None:
    for row in rows:
        row.tag = "div"
        for cell in row:
            cell.tag = "div"


def _spread_row(row: Element, above: Above, left: int) -> int:
    """Add the cells that reach into this row, and empty ones beside wide cells; returns how many may still be added."""
    column = 0
    for cell in [cell for cell in row if cell.tag in {"td", "th"}]:
        while column in above and left > 0 and column < _MAX_COLUMNS:
            cell.addprevious(_copy(above[column][1]))
            column, left = column + 1, left - 1
        width, height = _span(cell, "colspan"), _span(cell, "rowspan")
        if height > 1 and len(cell) == 0 and len(cell.text or "") <= _MAX_REPEATED_TEXT:
            above |= {column + offset: (height, cell) for offset in range(width)}
        width = max(1, min(width, _MAX_COLUMNS - column, left + 1))
        for _ in range(width - 1):
            cell.addnext(cell.makeelement(cell.tag))
        left -= width - 1
        column += width
    while column in above and left > 0 and column < _MAX_COLUMNS:
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
