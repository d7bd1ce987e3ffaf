"""A model in trouble with a backlog before it: nothing is lost, failed, parked or called without need."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.faults.model_calls import Trouble, call_time, states_of, unattributed
from tests.integration.end_to_end.conftest import FAST_BREAKER, SimulatorProcess, simulated_settings
from tests.integration.end_to_end.test_trouble import declare_results
from tests.kit.adapter_process import AdapterProcess
from tests.kit.callers import QueueCaller
from tests.kit.sender import collect, send_confirmed
from tests.kit.waiting import until

pytestmark = pytest.mark.timeout(600)  # the long forms have thousands of messages

TASK = "classify-ticket"
RETRY_AFTER_SECONDS = 1.0  # of the simulated 429
FULL_SPEED = 0.9  # of what may be held


class Backlog:
    """An adapter with a model that can be switched, and messages that wait for it."""

    def __init__(self, folder: Path, url: str, prefix: str, latency: float, **amqp: Any) -> None:
        self.simulator = SimulatorProcess(folder, "--latency", str(latency))
        self.settings = simulated_settings(self.simulator, url, prefix, **amqp)
        self.adapter = AdapterProcess(folder, self.settings)
        self.ids: list[str] = []
        self._found: dict[str, list[tuple[str, str]]] = {}
        self._url = url
        self._prefix = prefix

    @property
    def model(self) -> dict[str, Any]:
        """Settings of its model."""
        settings: dict[str, Any] = self.settings["models"]["default"]
        return settings

    def start(self) -> None:
        self.adapter = AdapterProcess(self.adapter.folder, self.settings)
        self.adapter.start()
        self._results = declare_results(self._url, self._prefix)

    def stop(self) -> None:
        self.adapter.stop()
        self.simulator.stop()

    def send(self, count: int, body: bytes) -> None:
        """Add messages to the queue."""
        new = [f"m-{len(self.ids) + number}" for number in range(count)]
        send_confirmed(self._url, f"{self._prefix}.requests", TASK, [(one, body) for one in new])
        self.ids += new

    def outcomes(self, *, seconds: float = 500) -> Counter[str]:
        """Wait for every result; outcome → how many. Each came once."""
        wanted = set(self.ids) - self._found.keys()
        self._found |= collect(self._url, self._results, wanted, seconds=seconds)
        assert {len({message_id for message_id, _ in copies}) for copies in self._found.values()} == {1}
        return Counter(outcome for copies in self._found.values() for _, outcome in copies)

    def trouble(self, began: float, healed: float, pause_seconds: float) -> Trouble:
        """Describe what the model went through."""
        return Trouble(began, healed, states_of(self.adapter.events()), pause_seconds)

    def assert_nothing_given_up(self) -> None:
        """Nothing was parked, dead-lettered or answered with an error."""
        metrics = self.adapter.metrics()
        assert "adapter_parked_total{" not in metrics
        assert "adapter_requests_refused_total{" not in metrics


@pytest.fixture
def backlog_of(tmp_path: Path, broker: Any, prefix: str) -> Iterator[Callable[..., Backlog]]:
    """Give a function that makes a backlog; its adapter is started by the test."""
    made: list[Backlog] = []

    def make(latency: float = 0.05, **amqp: Any) -> Backlog:
        made.append(Backlog(tmp_path, broker.url, prefix, latency, **amqp))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def test_an_outage_with_a_backlog_costs_no_request_and_no_needless_call_and_ends_at_full_speed(
    backlog_of: Callable[..., Backlog], ticket: bytes, *, is_long: bool
) -> None:
    count, outage_seconds, held, latency = (5000, 60.0, 200, 3.0) if is_long else (240, 6.0, 60, 2.0)
    backlog = backlog_of(latency, max_held=held)
    if is_long:
        del backlog.model["breaker"]  # as it is configured without a word
    backlog.start()
    backlog.send(held, ticket)
    until(lambda: backlog.simulator.in_flight() >= held // 5)
    began = time.time()  # calls may fail before the switch says that it is done
    backlog.simulator.control(down=True)
    backlog.send(count - held, ticket)
    time.sleep(max(0.0, outage_seconds - (time.time() - began)))
    backlog.simulator.control(down=False)
    healed = time.time()
    until(lambda: backlog.simulator.in_flight() >= held * FULL_SPEED, seconds=60)
    full_speed_seconds = time.time() - healed
    outcomes = backlog.outcomes()
    answered_seconds = time.time() - healed
    backlog.assert_nothing_given_up()

    calls = backlog.simulator.calls()
    pause_seconds = 2.0 if is_long else FAST_BREAKER["probe_seconds"]
    trouble = backlog.trouble(began, healed, pause_seconds)
    extra = [call for call in calls if call["outcome"] != "answered"]
    probes = [call for call in extra if trouble.was_closed(call_time(call))]
    sys.stderr.write(
        f"outage: messages={count} outage_seconds={healed - began:.0f} calls={len(calls)} extra={len(extra)} "
        f"in_flight_or_opening={len(extra) - len(probes)} probes={len(probes)} "
        f"full_speed_after={full_speed_seconds:.1f}s all_answered_after={answered_seconds:.1f}s\n"
    )
    assert outcomes == {"succeeded": count}
    assert unattributed(calls, trouble) == []
    assert len(extra) - len(probes) <= held + FAST_BREAKER["failures"]
    assert not is_long or full_speed_seconds <= 10, "the short form says that it is reached, not when"


def test_a_model_that_comes_back_is_not_met_by_everybody_at_once(
    backlog_of: Callable[..., Backlog], ticket: bytes
) -> None:
    backlog = backlog_of(latency=1.0, max_held=300)
    backlog.start()
    backlog.simulator.control(down=True)
    backlog.send(300, ticket)
    until(lambda: states_of(backlog.adapter.events()))
    opened_at = states_of(backlog.adapter.events())[0][0]
    until(lambda: any(call_time(call) > opened_at + 1.0 for call in backlog.simulator.calls()))  # only probes by now
    backlog.simulator.control(down=False)
    backlog.outcomes()

    answered = sorted(filter(is_answered, backlog.simulator.calls()), key=call_time)
    first, *rest = [call_time(call) for call in answered]
    assert sum(begun < rest[0] + 0.6 for begun in rest) <= 20, "eight, and as many again after half a second"
    assert max(call["concurrency"] for call in answered) > 32, "then more and more"
    assert first + 0.9 < rest[0], "only the reply to the probe let others go"


def held_now(backlog: Backlog, cause: str) -> float:
    line = f'adapter_held{{cause="{cause}"}} '
    return sum(
        float(text.removeprefix(line)) for text in backlog.adapter.metrics().splitlines() if text.startswith(line)
    )


def is_answered(call: dict[str, Any]) -> bool:
    return bool(call["outcome"] == "answered")


def test_a_model_that_stalls_costs_the_calls_in_flight_and_probes(
    backlog_of: Callable[..., Backlog], ticket: bytes, *, is_long: bool
) -> None:
    count, stall_seconds = (2000, 30.0) if is_long else (150, 10.0)
    backlog = backlog_of(max_held=50)
    backlog.model["timeout_seconds"] = 4
    backlog.start()
    began = time.time()
    backlog.simulator.control(faults=["hang"])
    backlog.send(count, ticket)
    time.sleep(max(0.0, stall_seconds - (time.time() - began)))
    backlog.simulator.control(faults=[])
    healed = time.time()

    assert backlog.outcomes() == {"succeeded": count}
    backlog.assert_nothing_given_up()
    calls = backlog.simulator.calls()
    trouble = backlog.trouble(began, healed, FAST_BREAKER["probe_seconds"])
    assert unattributed(calls, trouble) == []
    opening = [call for call in calls if not is_answered(call) and not trouble.was_closed(call_time(call))]
    assert len(opening) <= 50 + FAST_BREAKER["failures"], "who fails before it is open leaves its place to another"


def test_a_model_that_fails_half_of_its_calls_fails_no_request(
    backlog_of: Callable[..., Backlog], ticket: bytes, *, is_long: bool
) -> None:
    count = 2000 if is_long else 150
    backlog = backlog_of(max_held=50)
    backlog.simulator.control(faults=["500:0.5"])
    backlog.start()
    backlog.send(count, ticket)

    assert backlog.outcomes() == {"succeeded": count}
    backlog.assert_nothing_given_up()
    calls = backlog.simulator.calls()
    assert Counter(call["request_id"] for call in calls if is_answered(call)) == dict.fromkeys(backlog.ids, 1)
    assert {call["fault"] for call in calls if not is_answered(call)} == {"500"}


@pytest.mark.long  # in short: end_to_end::test_one_request_that_never_gets_a_reply_fails_while_others_succeed
def test_a_record_that_always_breaks_the_model_fails_alone(
    backlog_of: Callable[..., Backlog], ticket: bytes, broker: Any, prefix: str
) -> None:
    backlog = backlog_of(max_held=20)
    backlog.start()
    caller = QueueCaller(broker.url, prefix).open()
    backlog.send(50, ticket)
    poison = caller.send(TASK, ticket, headers={"llm-label-simulate": "500"}, reply_to=caller.replies)
    backlog.send(50, ticket)

    assert backlog.outcomes() == {"succeeded": 100}
    reasons: list[str] = []
    while not reasons:  # it is known to be alone only while others succeed
        backlog.send(1, ticket)
        backlog.outcomes()
        if caller.count(caller.replies):
            reasons.append(caller.next_reply().reason)
    caller.close()
    assert reasons == ["MODEL_FAILED"]
    assert "adapter_parked_total{" not in backlog.adapter.metrics()
    assert len(backlog.simulator.calls(poison)) <= 3 + len(probes_for(backlog, poison))


def probes_for(backlog: Backlog, request_id: str) -> Sequence[dict[str, Any]]:
    """Calls of a request that the breaker let through to find out."""
    trouble = backlog.trouble(0.0, time.time(), 0.0)
    return [call for call in backlog.simulator.calls(request_id) if trouble.was_closed(call_time(call))]


@pytest.mark.long  # in short: end_to_end::test_an_expired_key_holds_200_messages_and_parks_none
def test_while_the_key_is_refused_a_backlog_waits_and_the_endpoint_is_asked_now_and_then(
    backlog_of: Callable[..., Backlog], ticket: bytes
) -> None:
    count, refused_seconds = 2000, 30.0
    backlog = backlog_of(max_held=50)
    backlog.simulator.control(status=401)
    began = time.time()
    backlog.start()
    backlog.send(count, ticket)
    until(lambda: held_now(backlog, "MODEL_MISCONFIGURED"))
    time.sleep(max(0.0, refused_seconds - (time.time() - began)))
    backlog.simulator.control(status=None)
    healed = time.time()

    assert backlog.outcomes() == {"succeeded": count}
    backlog.assert_nothing_given_up()
    trouble = backlog.trouble(began, healed, FAST_BREAKER["misconfigured_probe_seconds"])
    assert unattributed(backlog.simulator.calls(), trouble) == []


def test_in_a_storm_of_429_nothing_is_called_before_its_retry_after_has_passed(
    backlog_of: Callable[..., Backlog], ticket: bytes, *, is_long: bool
) -> None:
    count, storm_seconds = (2000, 30.0) if is_long else (200, 5.0)
    backlog = backlog_of(max_held=50)
    backlog.model["breaker"] = FAST_BREAKER | {"max_probe_seconds": FAST_BREAKER["probe_seconds"]}  # sooner than asked
    backlog.simulator.control(status=429)
    backlog.start()
    began = time.time()
    backlog.send(count, ticket)
    time.sleep(max(0.0, storm_seconds - (time.time() - began)))
    backlog.simulator.control(status=None)
    healed = time.time()

    assert backlog.outcomes() == {"succeeded": count}
    backlog.assert_nothing_given_up()
    calls = backlog.simulator.calls()
    trouble = backlog.trouble(began, healed, RETRY_AFTER_SECONDS)
    assert unattributed(calls, trouble) == []
    last_refused = max(call_time(call) for call in calls if call["status"] == 429)
    first_reply = min(call_time(call) for call in calls if is_answered(call))
    assert first_reply >= last_refused + RETRY_AFTER_SECONDS * 0.9
