"""docs/configuration.md and examples/adapter.yaml name every setting, with the default that it has."""

import json
import types
import typing
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from adapter.settings import Settings
from adapter.settings_file import load_settings
from tests.unit.docs.pages import ROOT, blocks, page, rows


def settings_of(section: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Path and field of every setting; sections themselves are none."""
    for name, field in section.model_fields.items():
        below = list(_sections_in(field.annotation))
        path = f"{prefix}{name}"
        if path == "models":
            path = "models.NAME"
        if below:
            yield from settings_of(below[0], f"{path}.")
        if not below or path.endswith("price"):
            yield path, field


def _sections_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        if issubclass(annotation, BaseModel):
            yield annotation
        return
    for argument in typing.get_args(annotation):
        yield from _sections_in(argument)


def shown(field: FieldInfo) -> str:
    """The default as the page writes it."""
    if field.is_required():
        return "required"
    default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    if default is None:
        return "none"
    if default == "":
        return "empty"
    if isinstance(default, (bool, list, dict)):
        return f"`{json.dumps(default)}`"
    if isinstance(default, (int, float, Decimal)):
        return f"`{default:.0f}`"
    return f"`{default}`"


def test_every_setting_is_in_the_tables_with_its_default() -> None:
    found = {row[0].strip("`"): row[1] for row in rows(page("configuration.md")) if row[0].startswith("`")}
    expected = {path: shown(field) for path, field in settings_of(Settings)}
    assert found == expected


def test_each_setting_says_what_it_means() -> None:
    silent = [row[0] for row in rows(page("configuration.md")) if row[0].startswith("`") and not row[2]]
    assert silent == ["`models.NAME.price.per`"]


def test_the_example_of_models_is_taken(tmp_path: Path) -> None:
    (text,) = blocks(page("configuration.md"), "yaml")
    file = tmp_path / "adapter.yaml"
    file.write_text(text, encoding="utf-8")
    assert set(load_settings(file, {}).models) == {"default", "gateway", "local"}


@pytest.mark.parametrize("name", ["adapter.yaml", "models.yaml", "openai.yaml"])
def test_the_example_files_are_taken(name: str) -> None:
    file = ROOT / "examples" / name
    settings = load_settings(file, {})
    assert set(settings.models) == set(yaml.safe_load(file.read_text(encoding="utf-8"))["models"])


def test_the_variables_of_the_page_are_taken() -> None:
    lines = blocks(page("configuration.md"), "sh")[0].splitlines()
    variables = {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}
    settings = load_settings(ROOT / "examples" / "adapter.yaml", variables)
    assert settings.grpc.listen == "127.0.0.1:50052"
    assert settings.amqp is not None
    assert len(settings.amqp.urls) == 2
    key = settings.models["default"].api_key
    assert key is not None
    assert key.get_secret_value() == "file:/run/secrets/openai"
