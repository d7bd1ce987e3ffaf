"""Replay: a model that only repeats what was recorded. It has no endpoint; what was not recorded is refused."""

import asyncio

import structlog

from adapter.domain.model import ModelRequest, Reply
from adapter.errors import CallUnrecorded
from adapter.outbound.cassettes.answered import Answered, UnusableRecording
from adapter.outbound.cassettes.asked import Asked, ModelNames
from adapter.outbound.cassettes.difference import miss_message
from adapter.outbound.cassettes.folder import CassetteFolder

log = structlog.get_logger()


class Player:
    """Gives out the recordings of one request in order, and the last one again and again after that."""

    def __init__(self, folder: CassetteFolder) -> None:
        self._folder = folder
        self._read: dict[tuple[str, str], tuple[Answered, ...]] = {}
        self._asked: dict[tuple[str, str], int] = {}

    async def next_answer(self, asked: Asked) -> Answered:
        """Return what was recorded. Raises CallUnrecorded."""
        place = asked.task, asked.key
        if place not in self._read:
            try:
                self._read[place] = await asyncio.to_thread(self._folder.answers, *place)
            except (UnusableRecording, OSError) as exc:
                raise CallUnrecorded(str(exc)) from exc
        answers = self._read[place]
        if not answers:
            del self._read[place]
            log.warning("replay_missed", task=asked.task, key=asked.key)
            raise CallUnrecorded(await asyncio.to_thread(miss_message, self._folder, asked))
        number = self._asked.get(place, 0)
        self._asked[place] = number + 1
        return answers[min(number, len(answers) - 1)]


class ReplayedModel:
    """Implements ports.Model from recordings."""

    def __init__(self, names: ModelNames, player: Player, patterns: tuple[str, ...] = ()) -> None:
        """Patterns as they were when it was recorded."""
        self.name = names.name
        self._names = names
        self._player = player
        self._patterns = patterns

    async def call(self, request: ModelRequest, *, timeout_seconds: float) -> Reply:  # noqa: ARG002 - nothing is waited for
        """Repeat a recorded call: its reply, or its refusal as a CallRejected. Raises CallUnrecorded."""
        asked = await asyncio.to_thread(Asked.of, request, self._names, self._patterns)
        answer = await self._player.next_answer(asked)
        return answer.replayed(asked.redaction)
