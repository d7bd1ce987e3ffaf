"""How long what was disturbed took to work again once it was let. Pure."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence

from tests.chaos.history import Disturbance, History, Kind, Sent

_OF_ONE_REPLICA = frozenset(
    {
        Kind.KILL,
        Kind.RESTART,
        Kind.FREEZE,
        Kind.BROKER_CUT,
        Kind.BROKER_SILENCE,
        Kind.DATABASE_CUT,
        Kind.DATABASE_SILENCE,
    }
)


def worst_recovery_seconds(history: History) -> float:
    """Return the longest time from the end of a disturbance to a sign of life, while there was work.

    The sign is a model call of the replica concerned, else any answer. While something else is disturbed, no time
    counts.
    """
    signs = _signs(history)
    work_ends = max((send.time for send in history.sends if send.state is Sent.OK), default=0.0)
    return max(
        (_recovery_seconds(one, signs, history.disturbances, work_ends) for one in history.disturbances), default=0.0
    )


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
    times = signs.get(one.target if one.kind in _OF_ONE_REPLICA else "", [])
    since = one.end
    while since < work_ends:
        at = bisect_right(times, since)
        sign = times[at] if at < len(times) else work_ends
        until = max((other.end for other in all_of_them if other.begin < sign and other.end > since), default=since)
        if until >= sign:
            return 0.0
        if until == since:
            return sign - since
        since = until
    return 0.0
