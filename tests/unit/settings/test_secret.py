"""Secrets by reference."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from adapter.secret import SecretMissing, reveal


def test_plain_text_stands_for_itself() -> None:
    assert reveal(SecretStr("sk-1"), {}) == "sk-1"


def test_variables_are_filled_in_anywhere() -> None:
    environment = {"USER_NAME": "crm", "PASSWORD": "hush"}

    assert reveal(SecretStr("amqp://${USER_NAME}:${PASSWORD}@host"), environment) == "amqp://crm:hush@host"


def test_a_file_is_read_again_each_time(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("old\n")
    reference = SecretStr(f"file:{path}")
    assert reveal(reference, {}) == "old"

    path.write_text("new\n")

    assert reveal(reference, {}) == "new"


@pytest.mark.parametrize("environment", [{}, {"KEY": ""}])
def test_a_variable_that_is_not_set_is_named(environment: dict[str, str]) -> None:
    with pytest.raises(SecretMissing, match="KEY"):
        reveal(SecretStr("${KEY}"), environment)


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe\x00"])
def test_a_file_that_holds_no_secret_is_named_and_its_content_is_not(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(SecretMissing, match=str(path)):
        reveal(SecretStr(f"file:{path}"), {})


def test_a_missing_secret_is_what_a_model_takes_for_misconfigured() -> None:
    # OpenAIModel catches LookupError when it reads its key again
    assert issubclass(SecretMissing, LookupError)
