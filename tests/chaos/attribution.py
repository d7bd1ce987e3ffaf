"""Why a model call was wasted: from the model's log, the log of what was done, and when calls were written. Pure."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from tests.chaos.history import ENDS_PROCESS, Disturbance, JobRow, Kind, ModelCall, Terms

ANSWERED, ABANDONED = "answered", "abandoned"
# Faults whose answer is as good as any.
_PROPER = frozenset({"", "slow", "review", "fenced", "chatty"})
# While these last, nothing is stored and no lease renewed.
_STORE_AWAY = frozenset(
    {Kind.FREEZE, Kind.DATABASE_CUT, Kind.DATABASE_SILENCE, Kind.DATABASE_CRASH, Kind.DATABASE_RESTART}
)
# Between two probes there may be this much less than the pause, on a busy machine.
_PROBE_SHARE = 0.9


class Cause(StrEnum):
    """Why a call did not bring the outcome."""

    WORKER_GONE = "in flight at a kill, an exit or a lease loss"
    SCRIPTED = "a scripted bad reply, error or stall"
    OUTAGE_BEGAN = "in flight when an outage began"
    PROBE = "a breaker's probe"


def causes(
    calls: Sequence[ModelCall], disturbances: Sequence[Disturbance], terms: Terms, rows: Iterable[JobRow] = ()
) -> Mapping[int, Cause]:
    """Return the cause of each call that has one, by its number."""
    found: dict[int, Cause] = {}
    written = _written(calls, rows)
    outages = [one for one in disturbances if one.kind is Kind.MODEL_DOWN]
    losses = [one for one in disturbances if _loses_work(one, terms)]
    in_outage: dict[tuple[Disturbance, str, int], list[ModelCall]] = defaultdict(list)
    for call in calls:
        outage = next((one for one in outages if _is_during(call, one, terms)), None)
        if call.outcome not in (ANSWERED, ABANDONED) and outage is not None:
            in_outage[outage, call.caller, _life_of(call, disturbances)].append(call)
            continue
        cause = _cause(call, written.get(call.number, call.begin), disturbances, losses, terms)
        if cause is not None:
            found[call.number] = cause
    for (outage, caller, _), met in in_outage.items():
        found.update(_causes_in_outage(met, _replies(calls, outage, caller, terms), terms))
    return found


def _cause(
    call: ModelCall, written: float, disturbances: Iterable[Disturbance], losses: Iterable[Disturbance], terms: Terms
) -> Cause | None:
    if call.fault not in _PROPER:
        return Cause.SCRIPTED
    stored = _stored(call, disturbances, terms)
    left = min(written, call.begin - terms.travel_seconds)
    if any(_was_lost_with(call.caller, left, stored, loss, terms) for loss in losses):
        return Cause.WORKER_GONE
    cuts = [one for one in disturbances if one.kind is Kind.MODEL_CUT]
    # The model answered, and the answer was cut on its way, or stalled for longer than its caller waits.
    stalls = [one for one in disturbances if one.kind is Kind.MODEL_STALL and _is_too_long(call, one, terms)]
    if any(call.begin - terms.travel_seconds <= one.begin <= call.end + terms.travel_seconds for one in cuts + stalls):
        return Cause.OUTAGE_BEGAN
    return None


def _is_too_long(call: ModelCall, stall: Disturbance, terms: Terms) -> bool:
    lasted = call.end - call.begin + stall.end - stall.begin
    return lasted + terms.travel_seconds >= terms.timeout_seconds


def _loses_work(one: Disturbance, terms: Terms) -> bool:
    """Tell whether a replica lost its jobs: it died, or it could not renew its lease in time."""
    if one.kind in ENDS_PROCESS:
        return True
    return one.kind in _STORE_AWAY and one.end - one.begin >= terms.lease_seconds - 2 * terms.heartbeat_seconds


def _was_lost_with(caller: str, left: float, stored: float, loss: Disturbance, terms: Terms) -> bool:
    first = min(loss.begin + terms.drain_seconds, loss.moment) if loss.kind is Kind.RESTART else loss.moment
    return _concerns(loss, caller) and left <= loss.moment and first <= stored


def _written(calls: Iterable[ModelCall], rows: Iterable[JobRow]) -> Mapping[int, float]:
    """When each call was written: one that was on its way when its process froze reaches the model after the thaw."""
    left = {row.request_id: sorted(row.calls_written) for row in rows}
    found: dict[int, float] = {}
    for call in sorted(calls, key=lambda one: one.begin):
        times = left.get(call.request_id, [])
        earlier = bisect_right(times, call.begin)
        if earlier:
            found[call.number] = times.pop(earlier - 1)
    return found


def _concerns(one: Disturbance, caller: str) -> bool:
    return one.target == caller or one.kind in {Kind.DATABASE_CRASH, Kind.DATABASE_RESTART}


def _stored(call: ModelCall, disturbances: Iterable[Disturbance], terms: Terms) -> float:
    """When its reply was in the memory for sure, which whoever made it could not reach during some of what was done."""
    stored = call.end + terms.storing_seconds
    for one in sorted(disturbances, key=lambda one: one.begin):
        if one.kind in _STORE_AWAY and _concerns(one, call.caller) and one.begin <= stored and one.end >= call.end:
            stored = max(stored, one.end + terms.storing_seconds)
    return stored


def _is_during(call: ModelCall, outage: Disturbance, terms: Terms) -> bool:
    return outage.begin <= call.begin <= outage.end + terms.travel_seconds


def _life_of(call: ModelCall, disturbances: Iterable[Disturbance]) -> int:
    """Count the deaths of its caller before it: a new process knows nothing of an outage."""
    deaths = (one for one in disturbances if one.kind in ENDS_PROCESS and one.target == call.caller)
    return sum(one.moment <= call.begin for one in deaths)


def _causes_in_outage(met: Sequence[ModelCall], replies: Sequence[float], terms: Terms) -> Mapping[int, Cause]:
    """Tell the calls that opened one process's breaker, or left before it was open, from the probes after that.

    Replies to calls that left before the outage come during it, at these times: each says that the model is up.
    """
    opened = _opened(met, replies, terms)
    found: dict[int, Cause] = {}
    last_probe = opened
    for call in sorted(met, key=lambda one: one.begin):
        is_invited = any(last_probe - terms.travel_seconds <= reply <= call.begin for reply in replies)
        if call.begin <= opened + terms.travel_seconds:
            found[call.number] = Cause.OUTAGE_BEGAN
        elif is_invited or call.begin - last_probe >= terms.probe_seconds * _PROBE_SHARE:
            found[call.number] = Cause.PROBE
            last_probe = call.begin
    return found


def _opened(met: Sequence[ModelCall], replies: Sequence[float], terms: Terms) -> float:
    """When the breaker had seen enough jobs fail in a row, each counted once."""
    failed: set[str] = set()
    in_a_row = 0
    opened = float("inf")
    moments = [(call.end, call.request_id) for call in met] + [(reply, "") for reply in replies]
    for moment, request_id in sorted(moments):
        if moment > opened + terms.travel_seconds:
            return opened
        if not request_id:
            in_a_row, opened = 0, float("inf")
        elif request_id not in failed:
            failed.add(request_id)
            in_a_row += 1
            opened = min(opened, moment) if in_a_row >= terms.breaker_failures else opened
    return opened


def _replies(calls: Iterable[ModelCall], outage: Disturbance, caller: str, terms: Terms) -> list[float]:
    ends = (call.end for call in calls if call.caller == caller and call.outcome == ANSWERED)
    return [end for end in ends if outage.begin <= end <= outage.end + terms.travel_seconds]
