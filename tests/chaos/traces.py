"""What a run leaves behind: the model's log, the rows of the memory, and messages in queues."""

import json
from contextlib import closing
from datetime import datetime
from typing import Any

import psycopg

from tests.chaos.history import JobRow, ModelCall
from tests.chaos.stage import Stage
from tests.integration.end_to_end.conftest import SimulatorProcess

# A RunJob whose caller left is no unfinished business: it waits for its repeat.
_UNFINISHED = "SELECT count(*) FROM jobs WHERE state = 'RUNNING' OR (state = 'PENDING' AND origin <> 'run')"
_UNSENT = "SELECT count(*) FROM publications WHERE state = 'PENDING'"
_PARKED = "SELECT count(*) FROM parked"
_ROWS = """
    SELECT job_id, request_id, origin, state, claims,
        ARRAY(SELECT sent_time / 1e6::float8 FROM calls WHERE calls.job_id = jobs.job_id ORDER BY number)
    FROM jobs ORDER BY create_time
"""


def unfinished(stage: Stage) -> int:
    """Count jobs and publications that wait."""
    return int(_value(stage, _UNFINISHED)) + int(_value(stage, _UNSENT))


def rows(stage: Stage) -> list[JobRow]:
    """Return every job."""
    with closing(psycopg.connect(stage.database.url)) as connection:
        return [JobRow(*row) for row in connection.execute(_ROWS)]


def leftovers(stage: Stage) -> dict[str, int]:
    """Return what nobody took care of."""
    depths = {f"messages in {name}": count for name, count in stage.cluster.depths().items() if count}
    return depths | {
        "publications that were not sent": int(_value(stage, _UNSENT)),
        "parked messages": int(_value(stage, _PARKED)),
    }


def model_calls(simulator: SimulatorProcess) -> list[ModelCall]:
    """Return every call that reached the model and ended."""
    return [_call_of(json.loads(line)) for line in simulator.log.read_text().splitlines() if line.endswith("}")]


def _call_of(logged: dict[str, Any]) -> ModelCall:
    begin = datetime.fromisoformat(logged["time"]).timestamp()
    return ModelCall(
        number=logged["number"],
        request_id=logged["request_id"],
        caller=logged["caller"],
        begin=begin,
        end=begin + logged["latency_seconds"],
        fault=logged["fault"],
        outcome=logged["outcome"],
    )


def _value(stage: Stage, question: str) -> Any:
    with closing(psycopg.connect(stage.database.url)) as connection:
        row = connection.execute(question.encode()).fetchone()
        assert row is not None
        return row[0]
