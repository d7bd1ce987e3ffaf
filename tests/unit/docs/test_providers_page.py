"""docs/providers.md names every provider, its limits, and each test that shows a behaviour."""

import re
from pathlib import Path
from typing import get_args

from adapter.outbound.models.providers import PROVIDERS
from adapter.settings import ModelSection
from adapter.settings_file import load_settings
from tests.unit.docs.pages import ROOT, blocks, page, rows

SHOWN = re.compile(r"`(test_\w+)`")
TESTS = ("test_provider_*.py", "test_tokens.py", "test_proxy_and_ca.py")


def shown_tests() -> list[str]:
    return [name for row in rows(page("providers.md")) for name in SHOWN.findall(row[-1])]


def test_every_behaviour_names_a_test_and_every_test_of_a_provider_is_named() -> None:
    files = [file for pattern in TESTS for file in (ROOT / "tests/integration/models").glob(pattern)]
    code = "\n".join(file.read_text(encoding="utf-8") for file in files)
    written = re.findall(r"def (test_\w+)\(", code)
    assert sorted(shown_tests()) == sorted(written)


def test_every_provider_has_a_row_of_what_it_needs() -> None:
    configurable = set(get_args(ModelSection.model_fields["provider"].annotation)) - {"simulated"}
    listed = {row[0].strip("`"): row for row in rows(page("providers.md")) if len(row) == 4}
    assert configurable == set(PROVIDERS) == set(listed) - {"provider"}
    for name, provider in PROVIDERS.items():
        if provider.base_url and "{" not in provider.base_url:
            assert f"`{provider.base_url}`" in listed[name][2]


def test_the_limits_are_those_of_the_profiles() -> None:
    limits = {
        name: row for row in rows(page("providers.md")) if len(row) == 6 for name in re.findall(r"`(\w+)`", row[0])
    }
    assert set(limits) == set(PROVIDERS)
    for name, provider in PROVIDERS.items():
        schema = provider.schema
        numbers = [str(one) for one in (schema.max_properties, schema.max_depth, schema.max_enum_values)]
        assert limits[name][1:4] == numbers
        assert limits[name][5] == ("yes" if schema.recursion else "no")


def test_the_example_is_taken(tmp_path: Path) -> None:
    (text,) = blocks(page("providers.md"), "yaml")
    file = tmp_path / "adapter.yaml"
    file.write_text(text, encoding="utf-8")
    assert set(load_settings(file, {}).models) == {"azure", "grok", "router", "gemini", "vertex"}
