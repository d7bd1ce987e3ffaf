"""What a page of metrics says, also when it is the page of several processes."""

from collections import defaultdict
from collections.abc import Sequence


def summed(pages: Sequence[str]) -> str:
    """Return a page on which each sample is the sum of the pages'; a single page as it is."""
    if len(pages) == 1:
        return pages[0]
    samples: defaultdict[str, float] = defaultdict(float)
    for line in (line for page in pages for line in page.splitlines()):
        if line and not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            samples[name] += float(value)
    return "\n".join(f"{name} {value}" for name, value in samples.items())
