"""How long the simulated model takes: fixed seconds, or a distribution."""

import re
from dataclasses import dataclass
from random import Random
from typing import Literal

_FORM = re.compile(r"(?:(lognormal|uniform)\()?([0-9.]+)(?:,([0-9.]+)\))?\Z")
_LONGEST_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Latency:
    """fixed: `first` seconds; uniform: from `first` to `second` seconds; lognormal: median `first`, sigma `second`."""

    kind: Literal["fixed", "uniform", "lognormal"] = "fixed"
    first: float = 0.0
    second: float = 0.0

    @classmethod
    def parse(cls, text: str) -> "Latency":
        """Read `0.5`, `uniform(0.2,1.5)` or `lognormal(0.8,0.4)`. Raises ValueError."""
        found = _FORM.match(text.replace(" ", ""))
        kind = found[1] or "fixed" if found else ""
        if found is None or (kind == "fixed") != (found[3] is None) or (kind != "fixed") != text.strip().endswith(")"):
            raise ValueError(f"latency {text[:60]!r} is none of: 0.5, uniform(0.2,1.5), lognormal(0.8,0.4)")
        first, second = float(found[2]), float(found[3] or 0)
        if kind == "uniform" and second < first:
            raise ValueError(f"latency {text[:60]!r}: the second number is less than the first")
        return cls(kind, first, second)  # type: ignore[arg-type]  # the form admits the three kinds only

    def seconds(self, random: Random) -> float:
        """Draw how long one call takes; never more than an hour."""
        if self.kind == "fixed":
            return self.first
        if self.kind == "uniform":
            return random.uniform(self.first, self.second)
        median = self.first
        return min(median * random.lognormvariate(0, self.second), _LONGEST_SECONDS)

    def __str__(self) -> str:
        """Write it as it is read."""
        return f"{self.first:g}" if self.kind == "fixed" else f"{self.kind}({self.first:g},{self.second:g})"
