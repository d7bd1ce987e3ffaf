"""The examples of docs/records.md are what the code takes."""

import re
from pathlib import Path
from typing import Any

import yaml

from adapter.pipeline.render.fence import MAX_STEPS
from adapter.tasks.input_formats import InputFormats
from adapter.tasks.layout import FixedWidthLayout
from adapter.tasks.template_filters import FILTERS

TEXT = (Path(__file__).parents[3] / "docs" / "records.md").read_text(encoding="utf-8")


def example(key: str) -> Any:
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)]
    return next(block for block in blocks if key in block)


def test_the_example_of_formats_is_taken() -> None:
    formats = InputFormats.model_validate(example("formats")["formats"])
    assert formats.names == ("json", "xml", "csv", "fixed-width", "properties", "text", "html")


def test_the_example_of_a_layout_is_taken() -> None:
    assert len(FixedWidthLayout.model_validate(example("discriminator")).lines) == 4


def test_all_filters_and_limits_are_named() -> None:
    assert f"`{' '.join(sorted(name for name in FILTERS if name.isidentifier()))}`" in TEXT
    assert f"{MAX_STEPS:,} steps" in TEXT
