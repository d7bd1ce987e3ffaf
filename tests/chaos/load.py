"""What is asked for: requests drawn from a seed, with duplicates, repeats, several faces and scripted replies."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from tests.chaos.history import GRPC, SUCCEEDED

TASK = "classify-ticket"
QUEUE, SUBMIT, RUN = "queue", "submit", "run"
_SUBMITTED, _RUN_AT_ONCE = 0.15, 0.15
_SCRIPTED, _TWICE, _REPEATED = 0.06, 0.06, 0.06
_LONGEST_REPEAT_SECONDS = 20.0
# What the model is told to do with a request, by a label, and how the request ends then.
_SCRIPTS = {
    "wrong_enum-once": SUCCEEDED,
    "missing_field-once": SUCCEEDED,
    "500-once": SUCCEEDED,
    "429-once": SUCCEEDED,
    "reset-once": SUCCEEDED,
    "fenced": SUCCEEDED,
    "slow": SUCCEEDED,
    "refusal": "MODEL_REFUSED",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as it is handed over once."""

    request_id: str
    face: str
    route: str
    """Queue of its answer, or GRPC."""
    correlation_id: str
    payload: bytes
    script: str = ""
    expected: str = SUCCEEDED
    delay_seconds: float = 0.0
    """After the first time it was handed over; 0: that is the first time, or at once with it."""


@dataclass(frozen=True, slots=True)
class Routes:
    """Queues in which answers arrive."""

    results: str
    """Bound to the result exchange: where answers go that nobody asked for elsewhere."""
    replies: tuple[str, ...]


def load(seed: int, routes: Routes) -> Iterator[list[Asked]]:
    """Yield requests without end, each with the times that it is handed over; the first is at its head."""
    random = Random(f"{seed}/load")
    number = 0
    while True:
        number += 1
        yield _times(random, number, routes)


def _times(random: Random, number: int, routes: Routes) -> list[Asked]:
    request_id = f"chaos-{number:06d}"
    script = random.choice(list(_SCRIPTS)) if random.random() < _SCRIPTED else ""
    payload = _ticket(random, number)
    expected = _SCRIPTS.get(script, SUCCEEDED)
    every_route = (routes.results, *routes.replies)

    def asked(face: str, turn: int, delay_seconds: float = 0.0) -> Asked:
        route = GRPC if face == RUN else random.choice(every_route)
        # RunJob has no correlation id: all who wait there wait for the same.
        correlation_id = "" if face == RUN else f"{request_id}/{turn}"
        return Asked(request_id, face, route, correlation_id, payload, script, expected, delay_seconds)

    first = asked(_face(random), 0)
    times = [first]
    if random.random() < _TWICE:
        times.append(first)
    if random.random() < _REPEATED:
        times.append(asked(_face(random, may_submit=False), 1, random.uniform(0.0, _LONGEST_REPEAT_SECONDS)))
    return times


def _face(random: Random, *, may_submit: bool = True) -> str:
    drawn = random.random()
    if drawn < _RUN_AT_ONCE:
        return RUN
    return SUBMIT if may_submit and drawn < _RUN_AT_ONCE + _SUBMITTED else QUEUE


def _ticket(random: Random, number: int) -> bytes:
    text = " ".join(random.choice(_WORDS) for _ in range(random.randint(5, 60)))
    ticket = {"KDNR-1": str(4_000_000 + number), "BETREFF": f"Ticket {number}", "channel": "MAIL", "text": text}
    return json.dumps(ticket).encode()


_WORDS = ("invoice", "parcel", "router", "broken", "late", "refund", "contract", "urgent", "password", "waiting")
