"""The oracle: what a history says of the promises. Pure: it sees what clients, the model and the operator saw."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.chaos.attribution import Cause, causes
from tests.chaos.history import History, JobRow, Result, Sent
from tests.chaos.recovery import worst_recovery_seconds

Key = tuple[str, str, str]
"""Request id, route, correlation id: who waits for an answer."""
_FINAL = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
# How a request may end that met too much of what was done to the system, and what it must have met.
_EXCUSED_AFTER = {"INTERRUPTED": 3, "BUDGET_EXHAUSTED": 3, "MODEL_FAILED": 3}
_SHOWN = 10
_NEAR_SECONDS = 5.0


@dataclass(slots=True)
class Verdict:
    """What was found. Lists name the first requests concerned."""

    jobs: int = 0
    """Requests that were handed over, or may have been."""
    outcomes: int = 0
    """Requests that got an outcome."""
    lost: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    raw_duplicates: int = 0
    """Answers that came again with the same message id."""
    recovered: int = 0
    """Sends of unknown result that were answered."""
    excused: int = 0
    """Requests that failed since too many of their calls were wasted."""
    orphans: list[str] = field(default_factory=list)
    wasted_calls: Counter[Cause] = field(default_factory=Counter)
    """Calls that have a cause."""
    unattributed: list[str] = field(default_factory=list)
    worst_recovery_seconds: float = 0.0

    @property
    def is_good(self) -> bool:
        """Whether every promise held."""
        return not (self.lost or self.unexpected or self.duplicates or self.orphans or self.unattributed)

    @property
    def line(self) -> str:
        """The one line at the end."""
        return (
            f"jobs={self.jobs} outcomes={self.outcomes} lost={len(self.lost)} unexpected={len(self.unexpected)} "
            f"duplicates={len(self.duplicates)} raw_duplicates={self.raw_duplicates} "
            f"unattributed_calls={len(self.unattributed)} worst_recovery_seconds={self.worst_recovery_seconds:.1f}"
        )

    def report(self) -> str:
        """Everything else, for people."""
        wasted = ", ".join(f"{count} {cause.value}" for cause, count in sorted(self.wasted_calls.items()))
        lines = [f"wasted model calls: {wasted or 'none'}"]
        lines.append(f"recovered={self.recovered} excused={self.excused} orphans={len(self.orphans)}")
        for name in ("lost", "unexpected", "duplicates", "orphans", "unattributed"):
            found: list[str] = getattr(self, name)
            lines += [f"PROBLEM {name}: {one}" for one in found[:_SHOWN]]
            if len(found) > _SHOWN:
                lines.append(f"PROBLEM {name}: and {len(found) - _SHOWN} more")
        return "\n".join(lines)


def check(history: History) -> Verdict:
    """Judge a history that has come to rest."""
    states = _states(history)
    answers: dict[Key, list[Result]] = defaultdict(list)
    for result in history.results:
        answers[result.request_id, result.route, result.correlation_id].append(result)
    rows: dict[str, list[JobRow]] = defaultdict(list)
    for row in history.rows:
        rows[row.request_id].append(row)
    verdict = Verdict()
    verdict.jobs = len({key[0] for key, state in states.items() if state is not Sent.FAILED})
    verdict.outcomes = len({result.request_id for result in history.results})
    _find_lost(verdict, states, answers, rows)
    _find_unexpected(verdict, history, states, rows)
    _find_duplicates(verdict, history, answers, rows)
    _find_orphans(verdict, history)
    verdict.worst_recovery_seconds = worst_recovery_seconds(history)
    return verdict


def _states(history: History) -> dict[Key, Sent]:
    """What the client knows of each answer it waits for: the best of all its tries."""
    order = (Sent.OK, Sent.UNKNOWN, Sent.FAILED)
    states: dict[Key, Sent] = {}
    for send in history.sends:
        key = (send.request_id, send.route, send.correlation_id)
        states[key] = min(states.get(key, Sent.FAILED), send.state, key=order.index)
    return states


def _find_lost(
    verdict: Verdict, states: Mapping[Key, Sent], answers: Mapping[Key, list[Result]], rows: Mapping[str, list[JobRow]]
) -> None:
    for key, state in states.items():
        if state is Sent.OK and key not in answers:
            verdict.lost.append(f"{key}: no answer")
        elif state is Sent.OK and key[0] not in rows:
            verdict.lost.append(f"{key}: no job in the memory")
        elif state is Sent.UNKNOWN and key in answers:
            verdict.recovered += 1


def _find_unexpected(
    verdict: Verdict, history: History, states: Mapping[Key, Sent], rows: Mapping[str, list[JobRow]]
) -> None:
    expected = {send.request_id: send.expected for send in history.sends}
    wasted = _attribute(verdict, history)
    excused: set[str] = set()
    for result in history.results:
        key = (result.request_id, result.route, result.correlation_id)
        ended = result.reason or result.outcome
        if states.get(key, Sent.FAILED) is Sent.FAILED:
            verdict.unexpected.append(f"{key}: an answer that nobody asked for")
        elif ended != expected[result.request_id]:
            worn = max([wasted[result.request_id], *(row.claims - 1 for row in rows.get(result.request_id, []))])
            if worn >= _EXCUSED_AFTER.get(ended, worn + 1):
                excused.add(result.request_id)
            else:
                verdict.unexpected.append(f"{key}: {ended} instead of {expected[result.request_id]}")
    asked = {send.request_id for send in history.sends if send.state is not Sent.FAILED}
    verdict.unexpected += [f"{one}: a job that nobody asked for" for one in rows if one not in asked]
    verdict.excused = len(excused)


def _attribute(verdict: Verdict, history: History) -> Counter[str]:
    """Note calls beyond one for a request that have no cause; return how many of each request were wasted."""
    found = causes(history.calls, history.disturbances, history.terms, history.rows)
    verdict.wasted_calls.update(found.values())
    made = Counter(call.request_id for call in history.calls)
    wasted = Counter(call.request_id for call in history.calls if call.number in found)
    for request_id, count in made.items():
        extra = count - 1 - wasted[request_id]
        if extra > 0:
            what = f"{request_id}: {count} calls, {wasted[request_id]} explained: "
            verdict.unattributed += [what + _told(history, request_id, found)] * extra
    return wasted


def _told(history: History, request_id: str, found: Mapping[int, Cause]) -> str:
    """What became of each call of a request, and what was done meanwhile, in seconds since its first call."""
    calls = [call for call in history.calls if call.request_id == request_id]
    begun = calls[0].begin
    told = [
        f"{call.caller} {call.begin - begun:.2f}-{call.end - begun:.2f} {call.outcome} ({found.get(call.number, '?')})"
        for call in calls
    ]
    near = (one for one in history.disturbances if one.end > begun - _NEAR_SECONDS and one.begin < calls[-1].end)
    told += [f"{one.kind} {one.target} {one.begin - begun:.2f}-{one.end - begun:.2f}" for one in near]
    return "; ".join(told)


def _find_duplicates(
    verdict: Verdict, history: History, answers: Mapping[Key, list[Result]], rows: Mapping[str, list[JobRow]]
) -> None:
    for key, results in answers.items():
        ids: dict[tuple[str, int], set[str]] = defaultdict(set)
        for result in results:
            ids[result.job_id, result.revision].add(result.message_id)
        distinct = sum(map(len, ids.values()))
        verdict.raw_duplicates += len(results) - distinct
        verdict.duplicates += [f"{key}: answered under {len(one)} message ids" for one in ids.values() if len(one) > 1]
    outcomes: dict[str, set[tuple[str, str, str]]] = defaultdict(set)
    for result in history.results:
        outcomes[result.request_id].add((result.job_id, result.reason or result.outcome, result.digest))
    verdict.duplicates += [
        f"{request_id}: {len(seen)} different outcomes" for request_id, seen in outcomes.items() if len(seen) > 1
    ]
    verdict.duplicates += [f"{request_id}: {len(one)} jobs" for request_id, one in rows.items() if len(one) > 1]


def _find_orphans(verdict: Verdict, history: History) -> None:
    """Find what nobody will ever end. A RunJob whose caller left waits for its repeat, and is none."""
    for row in history.rows:
        is_waiting_for_repeat = row.origin == "run" and row.state == "PENDING"
        if row.state not in _FINAL and not is_waiting_for_repeat:
            verdict.orphans.append(f"{row.request_id}: {row.state} at the end")
    verdict.orphans += [f"{count} {place}" for place, count in history.leftovers.items() if count]
