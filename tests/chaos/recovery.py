"""How long what was disturbed took to work again once it was let. Pure."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence

from tests.chaos.history import OF_REPLICA, Disturbance, History, Kind, Sent

# What by itself keeps everybody from a sign of life.
_OF_ALL = frozenset({Kind.DATABASE_CRASH, Kind.DATABASE_RESTART, Kind.MODEL_DOWN, Kind.MODEL_CUT, Kind.BROKER_KILL})


def worst_recovery_seconds(history: History) -> float:
    """Return the longest time from the end of a disturbance to a sign of life, while there was work.

    The sign is a model call of the replica concerned, else any answer. Where something that keeps it from giving one
    ended later, time counts from then.
    """
    signs = _signs(history)
    work_ends = max((send.time for send in history.sends if send.state is Sent.OK), default=0.0)
    times = (_recovery_seconds(one, signs, history.disturbances, work_ends) for one in history.disturbances)
    return max(times, default=0.0)


def _signs(history: History) -> dict[str, list[float]]:
    """Times by replica; by "" those of all answers."""
    signs: dict[str, list[float]] = defaultdict(list)
    for call in history.calls:
        signs[call.caller].append(call.begin)
    signs[""] = [result.time for result in history.results]
    for times in signs.values():
        times.sort()
    return signs


def _recovery_seconds(
    one: Disturbance, signs: dict[str, list[float]], all_of_them: Sequence[Disturbance], work_ends: float
) -> float:
    if one.end >= work_ends:
        return 0.0
    times = signs.get(one.target if one.kind in OF_REPLICA else "", [])
    at = bisect_right(times, one.end)
    sign = times[at] if at < len(times) else work_ends
    others = (other.end for other in all_of_them if other.kind in _OF_ALL or other.target == one.target)
    return sign - max([one.end, *(end for end in others if one.end < end <= sign)])
