"""How much is read before a payload counts as an attack or an accident."""

MAX_DEPTH = 64
MAX_VALUES = 2_000_000
MAX_ELEMENTS = 500_000
# Markdown conversion is quadratic in the inline elements of one paragraph: 50,000 of them take half a second.
MAX_HTML_ELEMENTS = 50_000
MAX_CELLS = 500_000
