"""Which task a message asks for: the queue it came by names it, the routing key may add the major version."""

import re

from adapter.errors import TaskNotFound
from adapter.tasks.definition import TASK_NAME

_MAJOR = re.compile(r"v(0|[1-9][0-9]{0,5})")


def task_ref_of(queue_task: str, routing_key: str) -> str:
    """Return `task` or `task@major`; queue_task "" = the queue says nothing. Raises TaskNotFound.

    A message that came by another exchange, or straight to the queue, has a routing key that says nothing of tasks.
    """
    name, dot, rest = routing_key.partition(".")
    if queue_task and name != queue_task:
        return queue_task
    if not TASK_NAME.fullmatch(name):
        raise TaskNotFound(
            f"The routing key {routing_key[:80]!r} names no task. Send with <task> or <task>.v<major>.",
            metadata={"task": routing_key[:80]},
        )
    major = _MAJOR.fullmatch(rest)
    if major:
        return f"{name}@{major[1]}"
    if dot:
        raise TaskNotFound(
            f"The routing key {routing_key[:80]!r} names no version of a task. Send with <task> or <task>.v<major>.",
            metadata={"task": routing_key[:80]},
        )
    return name
