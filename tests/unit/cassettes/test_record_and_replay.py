"""What is recorded is replayed, in order; what is not recorded is refused with what was nearest, and never called."""

import asyncio
import re
from pathlib import Path

import pytest

from adapter.domain.model import ModelRequest, Reply
from adapter.errors import CallError, CallRejected, CallThrottled, CallTooLong, CallUnrecorded
from adapter.outbound.cassettes.asked import ModelNames
from adapter.outbound.cassettes.difference import MAX_CHARACTERS
from adapter.outbound.cassettes.folder import CassetteFolder
from adapter.outbound.cassettes.recorded_model import RecordedModel, Recorder
from adapter.outbound.cassettes.replayed_model import Player, ReplayedModel
from tests.unit.cassettes.asking import ToldModel, reply, request

NAMES = ModelNames("default", "gpt-5-mini")


async def record(folder: Path, asked: list[ModelRequest], answers: list[Reply | CallError]) -> list[Reply | CallError]:
    """Record calls in a run of their own; returns what the caller got."""
    model = RecordedModel(ToldModel(list(answers)), NAMES, Recorder(CassetteFolder(folder)))
    return [await outcome(model, one) for one in asked]


def player(folder: Path) -> ReplayedModel:
    return ReplayedModel(NAMES, Player(CassetteFolder(folder)))


def written(folder: Path) -> str:
    """Everything that was recorded."""
    return "".join(file.read_text() for file in folder.rglob("*.yaml"))


def spoil(folder: Path) -> str:
    """Break the only recording; returns its name."""
    (file,) = folder.rglob("*.yaml")
    file.write_text("reply: {}")
    return file.name


async def outcome(model: RecordedModel | ReplayedModel, asked: ModelRequest) -> Reply | CallError:
    try:
        return await model.call(asked, timeout_seconds=1)
    except CallError as exc:
        return exc


async def texts(model: ReplayedModel, *asked: ModelRequest) -> list[str | None]:
    return [(await model.call(one, timeout_seconds=1)).text for one in asked]


async def test_a_call_is_replayed_with_the_values_of_the_request_that_asks(tmp_path: Path) -> None:
    (said,) = await record(tmp_path, [request("anna@firma.de")], [reply("Hello anna@firma.de")])
    model = player(tmp_path)

    assert said == reply("Hello anna@firma.de"), "the caller gets what the model said"
    assert await texts(model, request("anna@firma.de", nonce="22222222")) == ["Hello anna@firma.de"]
    assert await texts(model, request("otto@firma.de")) == ["Hello otto@firma.de"]
    assert "anna" not in written(tmp_path)


async def test_the_same_asked_again_is_answered_in_order_and_then_with_the_last(tmp_path: Path) -> None:
    same = request("x")
    await record(tmp_path, [same, request("y"), same], [reply("one"), reply("other"), reply("two")])

    assert await texts(player(tmp_path), same, same, same, request("y"), same) == ["one", "two", "two", "other", "two"]


async def test_a_later_run_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    same = request("x")
    await record(tmp_path, [same, same], [reply("one"), reply("two")])
    await record(tmp_path, [same], [reply("new")])

    assert await texts(player(tmp_path), same, same) == ["new", "new"]


async def test_many_calls_of_one_request_at_once_have_a_number_each(tmp_path: Path) -> None:
    model = RecordedModel(ToldModel([reply(str(n)) for n in range(20)]), NAMES, Recorder(CassetteFolder(tmp_path)))

    await asyncio.gather(*(model.call(request("x"), timeout_seconds=1) for _ in range(20)))

    assert sorted(await texts(player(tmp_path), *[request("x")] * 20), key=str) == sorted(map(str, range(20)))


async def test_what_a_request_would_meet_again_is_recorded_and_what_passes_is_not(tmp_path: Path) -> None:
    long, limited = request("long"), request("limited")
    await record(tmp_path, [long, limited], [CallTooLong("too long", status=400), CallThrottled("later", status=429)])
    model = player(tmp_path)

    assert type(await outcome(model, long)) is CallTooLong
    assert type(await outcome(model, limited)) is CallUnrecorded


async def test_a_recording_that_cannot_be_written_does_not_lose_the_reply(tmp_path: Path) -> None:
    (tmp_path / "greet").write_text("a file where the folder should be")

    assert await record(tmp_path, [request("x")], [reply("one")]) == [reply("one")]


@pytest.mark.parametrize("about", ["Parcel", "Invoice", "Drill"])
async def test_a_miss_is_refused_with_what_changed_since_the_nearest_recording(tmp_path: Path, about: str) -> None:
    said = [request("Parcel"), request("Invoice"), request("Drill")]
    await record(tmp_path, said, [reply("one"), reply("two"), reply("three")])

    missed = await outcome(player(tmp_path), request(about, system="Say who that was."))

    assert isinstance(missed, CallUnrecorded)
    (name,) = re.findall(r"Nearest is (\S+) \(-\)", missed.message)
    assert about in (tmp_path / name).read_text()
    changed = [line for line in missed.message.splitlines() if line.startswith(("-", "+"))]
    assert [line[0] + line[1:].strip() for line in changed] == ["-Say who it is.", "+Say who that was."]
    assert "--record" in missed.message


async def test_the_difference_hides_what_is_personal_in_the_request_that_asks(tmp_path: Path) -> None:
    await record(tmp_path, [request("Hello")], [reply("one")])

    missed = await outcome(player(tmp_path), request("Hello anna@firma.de"))

    assert isinstance(missed, CallUnrecorded)
    assert "+" in missed.message
    assert "anna" not in missed.message


async def test_a_large_difference_is_cut(tmp_path: Path) -> None:
    await record(tmp_path, [request("Hello")], [reply("one")])

    missed = await outcome(player(tmp_path), request("\n".join([*map(str, range(5000)), "x" * 100_000])))

    assert isinstance(missed, CallUnrecorded)
    assert len(missed.message) < MAX_CHARACTERS + 400
    assert "… and more" in missed.message


async def test_a_task_of_which_nothing_is_recorded_says_so(tmp_path: Path) -> None:
    missed = await outcome(player(tmp_path), request("x"))

    assert isinstance(missed, CallUnrecorded)
    assert missed.message.startswith("No recording of this task")


async def test_what_is_recorded_after_a_miss_is_found(tmp_path: Path) -> None:
    model = player(tmp_path)
    await outcome(model, request("x"))
    await record(tmp_path, [request("x")], [reply("one")])

    assert await texts(model, request("x")) == ["one"]


async def test_a_recording_that_is_broken_is_refused_by_name(tmp_path: Path) -> None:
    await record(tmp_path, [request("x")], [reply("one")])
    name = spoil(tmp_path)

    missed = await outcome(player(tmp_path), request("x"))

    assert isinstance(missed, CallUnrecorded)
    assert name in missed.message


def test_a_miss_is_a_refusal_of_this_request_alone() -> None:
    assert issubclass(CallUnrecorded, CallRejected), "so the job fails MODEL_REJECTED, and nobody is held"


async def test_closing_a_recorded_model_closes_the_model() -> None:
    inner = ToldModel([])

    await RecordedModel(inner, NAMES, Recorder(CassetteFolder(Path()))).close()

    assert inner.is_closed
