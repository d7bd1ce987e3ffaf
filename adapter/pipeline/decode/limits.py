"""How much is read before a payload counts as an attack or an accident."""

MAX_DEPTH = 64
MAX_VALUES = 2_000_000
MAX_ELEMENTS = 500_000
MAX_CELLS = 1_000_000
