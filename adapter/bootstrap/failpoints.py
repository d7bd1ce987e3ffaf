"""What happens at which failpoint, from ADAPTER_FAILPOINTS: for tests that break this process on purpose."""

import asyncio
import os
import re
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import structlog

from adapter.domain.model import ModelRequest, Reply
from adapter.failpoints import Failpoint, Reaction, arm, is_armed, reach
from adapter.operator_errors import ConfigurationError
from adapter.pipeline.availability.gated_model import GatedModel
from adapter.ports import Model

log = structlog.get_logger()

VARIABLE = "ADAPTER_FAILPOINTS"
EXIT_CODE = 86
"""Of a process that a failpoint ended: no other part of it ends with this one."""
_IN_FLIGHT_SECONDS = 0.2
_POINTS = {point.value: point for point in Failpoint}
_FORM = re.compile(r"(?:(?P<hit>[1-9]\d{0,8})\*)?(?P<action>[a-z]+)(?:\((?P<seconds>\d+(?:\.\d+)?)\))?")
_ACTIONS = "exit, raise, stop, stall(SECONDS) or block(SECONDS)"


class FailpointRaised(Exception):
    """Raised because ADAPTER_FAILPOINTS says so: stands for a bug of ours at this place."""


class FailpointsInvalid(ConfigurationError):
    """The variable cannot be read."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"{VARIABLE}: {problem}. Write it as point=action,point=N*action; unset it outside of tests.")


def arm_failpoints(environment: Mapping[str, str] = os.environ) -> None:
    """Arm what the environment says. Raises FailpointsInvalid."""
    text = environment.get(VARIABLE, "")
    arm(read_failpoints(text))
    if text:
        log.warning(
            "failpoints_armed", failpoints=text, consequence="this process fails on purpose", fix=f"unset {VARIABLE}"
        )


def read_failpoints(text: str) -> Mapping[Failpoint, Reaction]:
    """Read `point=action,…`; `3*action` happens at the third hit only. Raises FailpointsInvalid."""
    reactions: dict[Failpoint, Reaction] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, action = part.partition("=")
        point = _POINTS.get(name)
        if point is None:
            raise FailpointsInvalid(f"there is no failpoint {name[:40]!r}; see `adapter failpoints list`")
        reactions[point] = _reaction(point, action)
    return reactions


def _reaction(point: Failpoint, text: str) -> Reaction:
    form = _FORM.fullmatch(text)
    if form is None:
        raise FailpointsInvalid(f"{text[:40]!r} is no action; use {_ACTIONS}")
    act = _act(point, form["action"], form["seconds"])
    only_hit = int(form["hit"] or 0)
    hits = 0

    async def react() -> None:
        nonlocal hits
        hits += 1
        if only_hit in {0, hits}:
            log.warning("failpoint_reached", failpoint=point.value, action=text, hit=hits)
            await act()

    return react


def _act(point: Failpoint, action: str, seconds: str | None) -> Callable[[], Awaitable[None]]:
    async def raise_it() -> None:
        raise FailpointRaised(point.value)

    async def exit_now() -> None:
        os._exit(EXIT_CODE)

    async def stop() -> None:
        os.kill(os.getpid(), signal.SIGSTOP)

    async def stall() -> None:
        await asyncio.sleep(float(seconds or 0))

    async def block() -> None:
        time.sleep(float(seconds or 0))  # noqa: ASYNC251 - to hold the loop is what it is for

    acts = {("exit", False): exit_now, ("raise", False): raise_it, ("stop", False): stop}
    acts |= {("stall", True): stall, ("block", True): block}
    found = acts.get((action, seconds is not None))
    if found is None:
        raise FailpointsInvalid(f"{action[:40]!r} is no action, or lacks its seconds; use {_ACTIONS}")
    return found


def around_models(models: Mapping[str, GatedModel]) -> Mapping[str, GatedModel]:
    """Let calls of models pass DURING_CALL; as they were, unless it is armed."""
    if not is_armed(Failpoint.DURING_CALL):
        return models
    return {name: replace(one, model=_ReachingModel(one.model)) for name, one in models.items()}


class _ReachingModel:
    """Reaches DURING_CALL while a call is in flight."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.name = model.name

    async def call(self, request: ModelRequest, *, timeout_seconds: float) -> Reply:
        """Make the call, and do beside it what is armed."""
        calling = asyncio.ensure_future(self._model.call(request, timeout_seconds=timeout_seconds))
        try:
            await asyncio.wait({calling}, timeout=_IN_FLIGHT_SECONDS)
            if not calling.done():
                await reach(Failpoint.DURING_CALL)
            return await calling
        finally:
            calling.cancel()
