"""Recording: the model is called as always, and what was asked and answered is written down without personal data."""

import asyncio

import structlog

from adapter.domain.model import ModelRequest, Reply
from adapter.errors import CallRejected
from adapter.outbound.cassettes.answered import Answered
from adapter.outbound.cassettes.asked import Asked, ModelNames
from adapter.outbound.cassettes.folder import CassetteFolder
from adapter.ports import Model

log = structlog.get_logger()


class Recorder:
    """Numbers and writes the recordings of one process, of all its models."""

    def __init__(self, folder: CassetteFolder) -> None:
        self._folder = folder
        self._numbers: dict[tuple[str, str], int] = {}
        self._writing = asyncio.Lock()

    async def write(self, asked: Asked, answered: Answered) -> None:
        """Write a call down. A recording that cannot be written is a line in the log: the reply is not lost for it."""
        place = asked.task, asked.key
        async with self._writing:
            number = self._numbers.get(place, 0) + 1
            try:
                await asyncio.to_thread(self._folder.write, *place, number, asked.text + answered.text())
            except OSError as exc:
                log.error("recording_not_written", task=asked.task, key=asked.key, cause=exc.strerror)  # noqa: TRY400 - the cause says it all
                return
            self._numbers[place] = number


class RecordedModel:
    """Implements ports.Model around the one that is recorded."""

    def __init__(self, inner: Model, names: ModelNames, recorder: Recorder, patterns: tuple[str, ...] = ()) -> None:
        """Patterns: what is personal beside what is declared or known by its form."""
        self.name = inner.name
        self._inner = inner
        self._names = names
        self._recorder = recorder
        self._patterns = patterns

    async def call(self, request: ModelRequest, *, timeout_seconds: float) -> Reply:
        """Make one call. Raises a CallError when no reply came; only one that this request will meet again is kept."""
        try:
            reply = await self._inner.call(request, timeout_seconds=timeout_seconds)
        except CallRejected as exc:
            asked = await self._asked(request)
            await self._recorder.write(asked, Answered.of_refusal(exc, asked.redaction))
            raise
        asked = await self._asked(request)
        await self._recorder.write(asked, Answered.of_reply(reply, asked.redaction))
        return reply

    async def _asked(self, request: ModelRequest) -> Asked:
        return await asyncio.to_thread(Asked.of, request, self._names, self._patterns)

    async def close(self) -> None:
        """Close the model's connections, if it has some."""
        close = getattr(self._inner, "close", None)
        if close is not None:
            await close()
