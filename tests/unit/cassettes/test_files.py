"""Recordings as files: read back as they were, ordered, and telling who edits them what is wrong."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapter.domain.model import FinishReason, Reply
from adapter.domain.usage import Usage
from adapter.errors import CallFiltered, CallRejected, CallTooLong
from adapter.outbound.cassettes.answered import Answered, UnusableRecording
from adapter.outbound.cassettes.asked import Asked, ModelNames
from adapter.outbound.cassettes.folder import CassetteFolder
from adapter.outbound.cassettes.redaction import Redaction
from adapter.outbound.cassettes.yaml_text import dump
from adapter.tasks.located_yaml import parse_located
from tests.unit.cassettes.asking import reply, request

NAMES = ModelNames("default", "gpt-5-mini")
NO_REDACTION = Redaction(request(""))


@given(st.text())
@example("a \n  b\n\n")
@example("\n  x")
@example("no")
@example("1e5")
@example("2026-11-23")
@example("a\x85b\u2028c")
@example("\ufeffx\ny")
@example("tab\there\nand\r\nthere")
@example("   \n \n")
@example("- a: b # c\n'\"")
def test_any_text_is_read_back_as_it_was(text: str) -> None:
    document = {"one": text, "list": [{"two": text}]}

    assert parse_located(dump(document).encode(), "x").value == document


def test_a_text_of_several_lines_stands_as_it_is_also_with_spaces_at_the_ends_of_lines() -> None:
    assert dump({"content": "Dear Anna, \n\n  hello\n"}) == "content: |\n  Dear Anna, \n\n    hello\n"


def test_a_reply_is_read_back_as_it_was() -> None:
    said = Reply(
        text='{"name":"Anna"}\n',
        finish_reason=FinishReason.LENGTH,
        usage=Usage(100, 20, 30, 10, 1, Decimal("0.000105"), "USD"),
        served_model="gpt-5-mini-2026",
        system_fingerprint="fp",
        refusal="no",
        unsent_parameters=("temperature",),
        simulated_review=True,
    )

    text = Answered.of_reply(said, NO_REDACTION).text()

    assert Answered.read(text.encode(), "x").replayed(NO_REDACTION) == said


def test_a_reply_without_content_is_read_back() -> None:
    text = Answered.of_reply(reply(None), NO_REDACTION).text()

    assert Answered.read(text.encode(), "x").replayed(NO_REDACTION).text is None


@pytest.mark.parametrize("refusal", [CallRejected, CallTooLong, CallFiltered])
def test_a_refusal_is_raised_again(refusal: type[CallRejected]) -> None:
    text = Answered.of_refusal(refusal("HTTP 400: no", status=400), NO_REDACTION).text()

    with pytest.raises(refusal) as raised:
        Answered.read(text.encode(), "x").replayed(NO_REDACTION)

    assert type(raised.value) is refusal
    assert (raised.value.message, raised.value.status) == ("HTTP 400: no", 400)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("reply: {text: x", "t/x.yaml:"),
        ("reply: {text: x, colour: red}", "reply.colour"),
        ("request: {}", "give either reply or error"),
        ("[]", "give either reply or error"),
        ("reply: {text: x}\nanswer: {}", "answer"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_is_wrong(content: str, told: str) -> None:
    with pytest.raises(UnusableRecording, match="Correct the recording, or make it again") as raised:
        Answered.read(content.encode(), "t/x.yaml")

    assert told in str(raised.value)


def test_the_key_is_that_of_what_is_asked_whatever_the_code_of_the_fence_and_whoever_is_meant() -> None:
    asked = Asked.of(request("anna@firma.de", nonce="11111111", tags={"job-id": "1"}), NAMES)
    same = Asked.of(request("otto@firma.de", nonce="22222222", tags={"job-id": "2"}), NAMES)

    assert (asked.key, asked.text) == (same.key, same.text)


@pytest.mark.parametrize(
    "other",
    [
        Asked.of(request("x", system="Say who that is."), NAMES),
        Asked.of(request("y"), NAMES),
        Asked.of(request("x"), ModelNames("other", "gpt-5-mini")),
        Asked.of(request("x"), ModelNames("default", "gpt-5.1")),
        Asked.of(request("x", reasoning="low"), NAMES),
        Asked.of(request("x", temperature=0.5), NAMES),
        Asked.of(request("x", tags={"simulate": "review"}), NAMES),
    ],
)
def test_another_request_has_another_key(other: Asked) -> None:
    assert other.key != Asked.of(request("x"), NAMES).key


def test_what_is_asked_is_written_for_people() -> None:
    text = Asked.of(request("Hello,\nanna@firma.de"), NAMES).text

    assert parse_located(text.encode(), "x").value["request"]["messages"][1] == {
        "role": "user",
        "content": "<data-nonce>\nHello,\nxxxa@xxxxx.de\n</data-nonce>",
    }
    assert "    content: |-\n      <data-nonce>\n      Hello,\n" in text
    assert '\n      "type": "object",\n' in text


def test_files_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    folder = CassetteFolder(tmp_path)
    for number in range(1, 12):
        folder.write("greet", "k", number, Answered.of_reply(reply(str(number)), NO_REDACTION).text())
    (tmp_path / "greet" / "k-12.yaml~").write_text("left by an editor")

    said = [answer.replayed(NO_REDACTION).text for answer in folder.answers("greet", "k")]

    assert said == [str(number) for number in range(1, 12)]
    assert folder.answers("greet", "other") == ()
    assert folder.answers("nothing", "k") == ()


def test_the_first_recording_of_a_request_takes_the_place_of_an_earlier_run(tmp_path: Path) -> None:
    folder = CassetteFolder(tmp_path)
    for number in (1, 2, 3):
        folder.write("greet", "k", number, "reply: {text: old}\n")
    folder.write("greet", "k2", 1, "reply: {text: other}\n")

    folder.write("greet", "k", 1, "reply: {text: new}\n")

    assert sorted(file.name for file in (tmp_path / "greet").iterdir()) == ["k-1.yaml", "k2-1.yaml"]
    assert (tmp_path / "greet" / "k-1.yaml").read_text() == "reply: {text: new}\n"
