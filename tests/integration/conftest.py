"""For tests with real parts: the databases of a test go when it ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit import databases


@pytest.fixture(autouse=True)
def _databases_go_with_the_test(request: pytest.FixtureRequest) -> Iterator[None]:
    if not databases.is_postgresql():
        yield
        return
    folder: Path = request.getfixturevalue("tmp_path")
    yield
    databases.drop_below(folder)
